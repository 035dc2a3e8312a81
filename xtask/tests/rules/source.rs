//! One Rust file as the rules see it: without comments and text, and without test code.

/// A file of Rust, with what the rules look at.
pub struct Source {
    /// The path from the root of the workspace, with `/`.
    pub path: String,
    /// The lines as they are.
    pub raw: Vec<String>,
    /// The file with comments and the insides of literals turned to spaces: same length, same lines.
    pub code: String,
    /// `code` with test code turned to spaces too; empty when the whole file is test code.
    pub shipped: String,
    /// Names of the modules declared as `#[cfg(test)] mod name;`.
    pub test_modules: Vec<String>,
}

impl Source {
    /// Reads the text of a file.
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank_literals(text);
        let (shipped, test_modules) = blank_tests(&code);
        let raw = text.lines().map(str::to_owned).collect();
        let mut source = Self { path: path.to_owned(), raw, code, shipped, test_modules };
        if is_test_path(path) || source.code.contains("#![cfg(test)]") {
            source.make_test();
        }
        source
    }

    /// Declares the whole file to be test code.
    pub fn make_test(&mut self) {
        self.shipped.clear();
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        self.shipped.is_empty() && !self.raw.is_empty()
    }

    /// How many lines are not test code.
    pub fn shipped_lines(&self) -> usize {
        if self.is_test() {
            return 0;
        }
        let blanked = |(code, shipped): &(&str, &str)| code.trim() != shipped.trim();
        self.raw.len() - self.code.lines().zip(self.shipped.lines()).filter(blanked).count()
    }

    /// The name of the folder of the crate: `crates/odata`, `xtask`.
    pub fn package(&self) -> &str {
        self.path.find("/src/").or_else(|| self.path.find("/tests/")).map_or("", |end| &self.path[..end])
    }

    /// The path below `src`, or nothing for a file that lies elsewhere.
    pub fn below_src(&self) -> Option<&str> {
        self.path.split_once("/src/").map(|(_, below)| below)
    }
}

/// The number of the line, from 1, that holds this byte.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count()
}

fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "benches") && !path.contains("/src/")
}

/// Turns comments, and what is between quotes, to spaces. The quotes stay.
fn blank_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_at(bytes, at) {
            Some((inside, end, after)) => {
                blank(&mut out[inside..end]);
                after
            }
            None => at + 1,
        };
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
}

/// If a comment or literal begins here: where its inside begins and ends, and where it is over.
fn literal_at(bytes: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let rest = &bytes[at..];
    let find = |from: usize, what: &[u8]| {
        let found = bytes[from.min(bytes.len())..].windows(what.len()).position(|w| w == what);
        found.map_or(bytes.len(), |i| from + i)
    };
    if rest.starts_with(b"//") {
        let end = find(at, b"\n");
        return Some((at, end, end));
    }
    if rest.starts_with(b"/*") {
        let end = block_comment_end(bytes, at);
        return Some((at, end, end));
    }
    if rest[0] == b'r' && opens_word(bytes, at) {
        let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
            let inside = at + 2 + hashes;
            let end = find(inside, &close);
            return Some((inside, end, end + close.len()));
        }
        return None;
    }
    match rest[0] {
        b'"' => {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(bytes.len());
            Some((at + 1, end, end + 1))
        }
        b'\'' if rest.get(1) == Some(&b'\\') => {
            let end = find(at + 3, b"'");
            Some((at + 1, end, end + 1))
        }
        b'\'' => {
            let width = (1..=4).find(|w| rest.get(1 + w) == Some(&b'\''))?;
            let one = std::str::from_utf8(&rest[1..=width]).is_ok_and(|c| c.chars().count() == 1);
            one.then_some((at + 1, at + 1 + width, at + 2 + width))
        }
        _ => None,
    }
}

/// Whether the `r` here opens a word, alone or as `br` or `cr`, so that it may open a raw string.
fn opens_word(bytes: &[u8], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|i| bytes[i]);
    let word = |byte: Option<u8>| byte.is_some_and(is_word);
    !word(before(1)) || matches!(before(1), Some(b'b' | b'c')) && !word(before(2))
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut end, mut depth) = (at, 0);
    while end < bytes.len() {
        if bytes[end..].starts_with(b"/*") {
            (depth, end) = (depth + 1, end + 2);
        } else if bytes[end..].starts_with(b"*/") {
            (depth, end) = (depth - 1, end + 2);
            if depth == 0 {
                break;
            }
        } else {
            end += 1;
        }
    }
    end.min(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Turns every item under `#[cfg(test)]` to spaces, and names the test modules that lie in other files.
fn blank_tests(code: &str) -> (String, Vec<String>) {
    let mut out = code.as_bytes().to_vec();
    let mut modules = Vec::new();
    let mut at = 0;
    while let Some(found) = code[at..].find("#[cfg(") {
        let start = at + found;
        let close = start + code[start..].find(']').unwrap_or(0);
        let condition = &code[start + 6..close.max(start + 6)];
        let words: Vec<_> = condition.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        if !words.contains(&"test") || condition.contains("not(test") {
            at = start + 6;
            continue;
        }
        let end = item_end(code, close + 1);
        let item = &code[close + 1..end];
        if let Some(name) = item.split("mod ").nth(1).and_then(|rest| rest.trim().strip_suffix(';')) {
            modules.push(name.trim().to_owned());
        }
        blank(&mut out[start..end]);
        at = end;
    }
    (String::from_utf8_lossy(&out).into_owned(), modules)
}

/// Where the item that begins here is over: behind its closing brace, or its semicolon.
pub fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0i32;
    for (i, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth -= 1;
                if depth == 0 && byte == b'}' {
                    return i + 1;
                }
            }
            b';' if depth == 0 => return i + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_literals_and_tests_are_blanked() {
    let rows: &[(&str, &str)] = &[
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("x\"y", 'z')"#, r#"f("    ", ' ')"#),
        (r##"f(r#"x"y"#, r"z", br"q")"##, r##"f(r#"   "#, r" ", br" ")"##),
        (r#"fr("x")"#, r#"fr(" ")"#),
        (r#"var"x""#, r#"var" ""#),
        ("f::<'a>('\\'', '\"', 'é', b'x')", "f::<'a>('  ', ' ', '  ', b' ')"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
    ];
    for (text, expected) in rows {
        assert_eq!(blank_literals(text), *expected, "{text}");
    }
    let rows: &[(&str, &str, &[&str])] = &[
        ("a\n#[cfg(test)]\nmod t { fn f() {} }\nb", "a\n\n\nb", &[]),
        ("#[cfg(test)] mod t;\nb", "\nb", &["t"]),
        ("#[cfg(any(test, unix))] fn f() -> [u8; 2] { g() }b", "b", &[]),
        ("#[cfg(not(test))] fn f() {}", "#[cfg(not(test))] fn f() {}", &[]),
        ("#[cfg(feature)] fn f() {}", "#[cfg(feature)] fn f() {}", &[]),
    ];
    for (text, shipped, modules) in rows {
        let source = Source::new("crates/x/src/lib.rs", text);
        let trimmed: Vec<_> = source.shipped.split('\n').map(str::trim).collect();
        assert_eq!(trimmed.join("\n"), *shipped, "{text}");
        assert_eq!(source.test_modules, *modules, "{text}");
        assert_eq!(source.shipped.len(), text.len(), "{text}");
    }
}
