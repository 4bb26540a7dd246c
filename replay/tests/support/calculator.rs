//! A calculator in exact rationals for the formulas that explanations print.
//!
//! Numbers, + - * /, parentheses; products before sums, from left to right.

use dashu_ratio::RBig;

/// A decimal as the exact rational it is.
pub fn number(text: &str) -> RBig {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let unit = format!("1{}", "0".repeat(part.len()));
    let fraction = format!("{sign}{whole}{part}/{unit}");
    fraction.parse().unwrap_or_else(|_| panic!("{text} is no decimal"))
}

/// A calculator: numbers, + - * /, parentheses; products before sums, from left to right.
struct Calculator<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
}

impl<'a> Calculator<'a> {
    fn work_out(formula: &'a str) -> RBig {
        let spaced: Vec<&str> = formula.split(' ').collect();
        let mut tokens = Vec::new();
        for word in spaced {
            let inner = word.trim_matches(['(', ')']);
            tokens.extend(word.matches('(').map(|_| "("));
            match inner.split_once('/') {
                Some((over, under)) if !over.is_empty() => tokens.extend([over, "/", under]),
                _ => tokens.push(inner),
            }
            tokens.extend(word.matches(')').map(|_| ")"));
        }
        let mut calculator = Calculator { tokens: tokens.into_iter().peekable() };
        let result = calculator.sum();
        assert_eq!(calculator.tokens.next(), None, "{formula}");
        result
    }

    fn sum(&mut self) -> RBig {
        let mut total = self.product();
        while let Some(sign) = self.tokens.next_if(|token| ["+", "-"].contains(token)) {
            let term = self.product();
            total = if sign == "+" { total + term } else { total - term };
        }
        total
    }

    fn product(&mut self) -> RBig {
        let mut total = self.factor();
        while let Some(sign) = self.tokens.next_if(|token| ["*", "/"].contains(token)) {
            let factor = self.factor();
            total = if sign == "*" { total * factor } else { total / factor };
        }
        total
    }

    fn factor(&mut self) -> RBig {
        match self.tokens.next().expect("a number or a parenthesis") {
            "(" => {
                let inner = self.sum();
                assert_eq!(self.tokens.next(), Some(")"));
                inner
            }
            digits => number(digits),
        }
    }
}

/// What a formula comes to.
pub fn work_out(formula: &str) -> RBig {
    Calculator::work_out(formula)
}

/// Whether a formula comes to its result, exactly or rounded: up or down, to so many places.
pub fn holds(formula: &str, result: &str, rounded: Option<(bool, usize)>) -> bool {
    let (exact, result) = (work_out(formula), number(result));
    let Some((up, places)) = rounded else { return exact == result };
    let unit = number(&format!("0.{}1", "0".repeat(places - 1)));
    let lost = if up { result - exact } else { exact - result };
    // A sale concedes its slippage in a step of its own, rounded at 1e-16: next to nothing.
    let most = unit.clone() + unit * number("0.001");
    lost >= number("0") && lost < most
}
