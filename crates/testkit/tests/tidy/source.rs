//! Rust source as tidy reads it: code without comments and texts, and the words in it.

/// The code of a source file: comments, texts and characters are blanked, lines stay.
pub fn code(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            ('/', Some('/')) => line_end(&bytes, at),
            ('/', Some('*')) => comment_end(&bytes, at),
            ('"', _) => text_end(&bytes, at),
            ('r', Some('"' | '#')) if !word_before(&bytes, at) => raw_end(&bytes, at),
            ('\'', _) => character_end(&bytes, at),
            _ => at,
        };
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn word_before(chars: &[char], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_word(chars[before]))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length)
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut place = at;
    while place + 1 < chars.len() {
        match (chars[place], chars[place + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return place;
        }
    }
    chars.len()
}

fn text_end(chars: &[char], at: usize) -> usize {
    let mut place = at + 1;
    while place < chars.len() {
        match chars[place] {
            '\\' => place += 2,
            '"' => return place + 1,
            _ => place += 1,
        }
    }
    chars.len()
}

/// `r"..."` and `r#"..."#`; a raw identifier such as `r#type` is no text.
fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut place = at + 2 + hashes;
    while place < chars.len() {
        let closes = chars[place] == '"'
            && chars[place + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        if closes {
            return place + 1 + hashes;
        }
        place += 1;
    }
    chars.len()
}

/// `'a'` and `'\n'`; a lifetime is no character.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let rest = chars[(at + 3).min(chars.len())..].iter();
            rest.clone().position(|c| *c == '\'').map_or(at, |length| at + 4 + length)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// Identifiers of some code with their lines, from 1.
pub fn identifiers(code: &str) -> impl Iterator<Item = (&str, usize)> {
    code.lines().enumerate().flat_map(|(place, line)| {
        let words = line.split(|c: char| !is_word(c));
        let named = words.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        named.map(move |word| (word, place + 1))
    })
}

/// `MarginModel` and `margin_model` both as `_margin_model_`, to look for whole words inside.
pub fn snake(identifier: &str) -> String {
    let mut out = String::from("_");
    let mut lower_before = false;
    for character in identifier.chars() {
        if character.is_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = character.is_lowercase() || character.is_numeric();
        out.extend(character.to_lowercase());
    }
    out.push('_');
    out
}

/// Lines of some code that belong to items under `#[cfg(test)]`, from 1.
pub fn test_lines(code: &str) -> Vec<usize> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    let mut place = 0;
    while place < lines.len() {
        if lines[place].trim() != "#[cfg(test)]" {
            place += 1;
            continue;
        }
        let indent = lines[place].len() - lines[place].trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        let start = place;
        place += 1;
        while place < lines.len() && !lines[place].trim_end().ends_with(';') {
            if lines[place] == closing {
                break;
            }
            // Inside braces a line that ends in `;` is no end of the item.
            if lines[place].trim_end().ends_with('{') {
                place = lines[place..]
                    .iter()
                    .position(|line| *line == closing)
                    .map_or(lines.len() - 1, |length| place + length);
                break;
            }
            place += 1;
        }
        found.extend(start + 1..=(place + 1).min(lines.len()));
        place += 1;
    }
    found
}

#[test]
fn code_is_told_from_comments_and_texts() {
    for (source, left) in [
        ("a // wallet\nb", "a          \nb"),
        ("a /* x /* y */ z */ b", "a                   b"),
        (r#"say("wal\"let") c"#, r#"say(          ) c"#),
        ("r#\"wallet \"x\" \"# d", "                 d"),
        ("let r#type = 'w'; 'a: loop {}", "let r#type =    ; 'a: loop {}"),
        (r"let c = '\''; e", r"let c =     ; e"),
    ] {
        assert_eq!(code(source), left, "{source}");
    }
    assert_eq!(snake("InsuranceFund2"), "_insurance_fund2_");
    assert_eq!(snake("BAD_DEBT"), "_bad_debt_");
    let tested = "a\n#[cfg(test)]\nextern crate std;\nb\n#[cfg(test)]\nmod tests {\n    c;\n}\nd\n";
    assert_eq!(test_lines(tested), [2, 3, 5, 6, 7, 8]);
}
