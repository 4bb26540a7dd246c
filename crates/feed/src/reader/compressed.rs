//! Stored files: plain, gzip, or a zip with exactly one member, expanded under a limit.
//!
//! The kind is read from the first bytes, and a name that claims another kind is refused. Bytes
//! are read once, so that the hash that was checked is the hash of what is parsed.
//! Law: expansion stops at [`EXPANSION_MAX`] times the stored size plus [`EXPANSION_FREE`], and at
//! [`EXPANDED_MAX`]; a member name never becomes a path on disk.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::error::{FeedError, Place};

/// The largest stored file that is read.
pub const STORED_MAX: u64 = 1 << 30;

/// How many times its stored size a file may expand to. Price files reach about twenty.
pub const EXPANSION_MAX: u64 = 200;

/// What any file may expand to, however small it is stored.
pub const EXPANSION_FREE: u64 = 1 << 20;

/// What no file may expand to, however large it is stored.
pub const EXPANDED_MAX: u64 = 4 << 30;

/// A file as stored.
pub struct Stored {
    /// The file as the user named it.
    pub file: String,
    /// SHA-256 of the stored bytes, 64 lowercase hexadecimal digits.
    pub sha256: String,
    bytes: Vec<u8>,
}

impl Stored {
    /// Reads a file whole.
    ///
    /// # Errors
    /// `file.missing`, `file.read` or `file.large`.
    pub fn open(path: &Path, file: &str) -> Result<Stored, FeedError> {
        let unreadable = |error: io::Error| {
            let place = Place::file(file);
            if error.kind() == io::ErrorKind::NotFound {
                FeedError::unavailable("file.missing", place, "a file", "none")
            } else {
                FeedError::unavailable("file.read", place, "a readable file", error.to_string())
            }
        };
        let opened = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        opened.take(STORED_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > STORED_MAX {
            let expected = format!("at most {STORED_MAX} bytes");
            return Err(FeedError::input("file.large", Place::file(file), expected, "more"));
        }
        Ok(Stored::from_bytes(file, bytes))
    }

    /// A file that is already in memory.
    pub fn from_bytes(file: &str, bytes: Vec<u8>) -> Stored {
        Stored { file: file.to_owned(), sha256: hexadecimal(&Sha256::digest(&bytes)), bytes }
    }

    /// Size as stored.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The expanded text, decompressed whole under the limit.
    ///
    /// # Errors
    /// `file.compression`, `file.archive`, `file.expansion` or `file.text`, which names the first
    /// byte that is not UTF-8.
    pub fn text(&self) -> Result<String, FeedError> {
        let bytes = self.expanded()?;
        String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
            let place = Place::line(&self.file, line as u64);
            let found = format!("the byte {:#04x}", error.as_bytes()[valid]);
            FeedError::input("file.text", place, "UTF-8 text", found)
        })
    }

    fn expanded(&self) -> Result<Vec<u8>, FeedError> {
        self.check_name()?;
        if self.bytes.starts_with(&[0x1f, 0x8b]) {
            return self.expand(MultiGzDecoder::new(self.bytes.as_slice()));
        }
        if self.bytes.starts_with(b"PK") {
            return self.expand_member();
        }
        Ok(self.bytes.clone())
    }

    /// A name that ends in `.gz` or `.zip` must hold that.
    fn check_name(&self) -> Result<(), FeedError> {
        let name = self.file.to_ascii_lowercase();
        let claims =
            |ending: &str, start: &[u8]| name.ends_with(ending) && !self.bytes.starts_with(start);
        let expected = if claims(".gz", &[0x1f, 0x8b]) {
            "gzip data"
        } else if claims(".zip", b"PK") {
            "a zip archive"
        } else {
            return Ok(());
        };
        let place = Place::file(&self.file);
        Err(FeedError::input("file.compression", place, expected, "other bytes"))
    }

    fn expand_member(&self) -> Result<Vec<u8>, FeedError> {
        let fault = |expected: &str, found: String| {
            FeedError::input("file.archive", Place::file(&self.file), expected, found)
        };
        let broken = |error: zip::result::ZipError| fault("a sound zip archive", error.to_string());
        let mut archive = ZipArchive::new(Cursor::new(self.bytes.as_slice())).map_err(broken)?;
        if archive.len() != 1 {
            let found = format!("{} members", archive.len());
            return Err(fault("an archive of exactly one member", found));
        }
        let member = archive.by_index(0).map_err(broken)?;
        let name = member.name().map_err(broken)?.into_owned();
        let plain = !name.is_empty()
            && !name.contains(['/', '\\', '\0'])
            && !name.starts_with('.')
            && member.is_file();
        if !plain {
            return Err(fault("a member with a plain file name", format!("{name:?}")));
        }
        self.expand(member)
    }

    fn expand(&self, reader: impl Read) -> Result<Vec<u8>, FeedError> {
        let limit = (EXPANSION_FREE + self.size() * EXPANSION_MAX).min(EXPANDED_MAX);
        let mut bytes = Vec::new();
        reader.take(limit + 1).read_to_end(&mut bytes).map_err(|error| {
            let place = Place::file(&self.file);
            let found = if error.kind() == io::ErrorKind::UnexpectedEof {
                "an early end".to_owned()
            } else {
                error.to_string()
            };
            FeedError::input("file.compression", place, "sound compressed data", found)
                .help("fetch the file again")
        })?;
        if bytes.len() as u64 > limit {
            let expected = format!("at most {limit} bytes after expansion");
            let place = Place::file(&self.file);
            return Err(FeedError::input("file.expansion", place, expected, "more"));
        }
        Ok(bytes)
    }
}

/// Bytes as lowercase hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: sound files open, broken and hostile ones are refused by name. Method: one table of
    //! files made in memory.

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a valid member");
            writer.write_all(bytes).expect("memory takes all");
        }
        writer.finish().expect("memory takes all").into_inner()
    }

    fn check(file: &str, bytes: Vec<u8>) -> Result<String, String> {
        Stored::from_bytes(file, bytes).text().map_err(|error| error.to_string())
    }

    #[test]
    fn opens_three_kinds() {
        let text = Ok("a,b\n1,2\n".to_owned());
        assert_eq!(check("a.csv", b"a,b\n1,2\n".to_vec()), text);
        assert_eq!(check("a.csv.gz", gzip(b"a,b\n1,2\n")), text);
        assert_eq!(check("a.zip", archive(&[("a.csv", b"a,b\n1,2\n")])), text);
        let mut twice = gzip(b"a,b\n");
        twice.extend(gzip(b"1,2\n"));
        assert_eq!(check("a.csv.gz", twice), text, "gzip members follow each other");
    }

    #[test]
    fn refuses_broken_and_hostile_files() {
        let sound = gzip(&b"0123456789abcdef\n".repeat(400));
        let truncated = sound[..sound.len() - 12].to_vec();
        let bomb = vec![b'0'; 64 << 20];
        let mut garbled = archive(&[("a.csv", &b"0123456789abcdef\n".repeat(400))]);
        let end = garbled.len() - 40;
        garbled.truncate(end);
        let table: [(&str, Vec<u8>, &str); 11] = [
            ("a.csv.gz", truncated, "found an early end"),
            ("a.csv.gz", b"a,b\n".to_vec(), "expected gzip data"),
            ("a.zip", b"a,b\n".to_vec(), "expected a zip archive"),
            ("a.zip", archive(&[]), "found 0 members"),
            ("a.zip", archive(&[("a", b"1"), ("b", b"2")]), "found 2 members"),
            ("a.zip", archive(&[("../a.csv", b"1")]), "expected a member with a plain file name"),
            ("a.zip", archive(&[("/etc/a", b"1")]), "expected a member with a plain file name"),
            ("a.zip", archive(&[("d\\a", b"1")]), "expected a member with a plain file name"),
            ("a.zip", garbled, "error[file.archive]"),
            ("a.csv.gz", gzip(&bomb), "error[file.expansion]"),
            ("a.zip", archive(&[("a.csv", &bomb)]), "error[file.expansion]"),
        ];
        for (file, bytes, part) in table {
            let printed = check(file, bytes).expect_err(part);
            assert!(printed.contains(part), "{printed}");
        }
    }

    #[test]
    fn names_the_line_of_a_foreign_byte_and_a_missing_file() {
        let printed = check("a.csv", b"a,b\n1,\xff\n".to_vec()).expect_err("not text");
        assert!(printed.contains("a.csv:2"), "{printed}");
        assert!(printed.contains("found the byte 0xff"), "{printed}");
        let missing = Stored::open(Path::new("/nowhere/a.csv"), "a.csv").err();
        assert_eq!(missing.map(|error| error.code), Some("file.missing".to_owned()));
    }

    #[test]
    fn hashes_the_stored_bytes() {
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        let stored = Stored::from_bytes("a", b"abc".to_vec());
        assert_eq!(
            stored.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
