//! C text to tokens, with directives seen and dead arms (`#if 0`) left out.
//!
//! It shares nothing with the front end on purpose: two readers that make the same mistake would
//! agree with each other.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Word,
    /// A number, a string or a character.
    Literal,
    /// One byte of punctuation.
    Punct(u8),
    /// `#if`, `#ifdef`, `#ifndef` that opens arms which are both live.
    If,
    /// `#elif` or `#else` between live arms.
    Else,
    /// The `#endif` of live arms.
    Endif,
}

/// A token and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

impl Token {
    /// The token's bytes.
    pub fn text<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        &source[self.start as usize..self.end as usize]
    }

    /// Whether it is this byte of punctuation.
    pub fn is(&self, byte: u8) -> bool {
        self.kind == Kind::Punct(byte)
    }
}

/// One open `#if`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arms {
    /// Both arms count.
    Live,
    /// `#if 1`: what follows `#else` is dead.
    OnlyFirst,
    /// `#if 0` whose `#else` is being read.
    OnlyElse,
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line_start: bool,
    arms: Vec<Arms>,
    tokens: Vec<Token>,
}

/// The tokens of a file.
pub fn lex(source: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        at: 0,
        line_start: true,
        arms: Vec::new(),
        tokens: Vec::with_capacity(source.len() / 6),
    };
    lexer.run();
    lexer.tokens
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        while self.at < self.source.len() {
            let start = self.at;
            let byte = self.source[start];
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line_start = true;
                }
                b' ' | b'\t' | b'\r' | b'\x0c' | b'\x0b' | b'\\' => self.at += 1,
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'/' if self.peek(1) == b'/' => self.rest_of_line(),
                b'#' if self.line_start => self.directive(),
                b'"' | b'\'' => {
                    self.quoted(byte);
                    self.push(Kind::Literal, start);
                }
                _ if is_word(byte) => {
                    while is_word(self.peek(0)) {
                        self.at += 1;
                    }
                    let number = byte.is_ascii_digit();
                    self.push(if number { Kind::Literal } else { Kind::Word }, start);
                }
                _ => {
                    self.at += 1;
                    self.push(Kind::Punct(byte), start);
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.line_start = false;
        self.tokens.push(Token {
            kind,
            start: start as u32,
            end: self.at as u32,
        });
    }

    /// A string or character up to its end, or to the end of the line if it has none.
    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.source.len() {
            match self.source[self.at] {
                b'\\' => self.at += 2,
                b'\n' => return,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
        self.at = self.source.len();
    }

    fn block_comment(&mut self) {
        self.at = match memchr::memmem::find(&self.source[self.at + 2..], b"*/") {
            Some(length) => self.at + 2 + length + 2,
            None => self.source.len(),
        };
    }

    /// To the newline that ends this logical line, which stays unread.
    fn rest_of_line(&mut self) {
        while self.at < self.source.len() {
            match self.source[self.at] {
                b'\n' if !continued(&self.source[..self.at]) => return,
                _ => self.at += 1,
            }
        }
    }

    /// Reads a directive from its `#` to the end of its logical line; gives its word and the
    /// text after it, comments left out.
    fn directive_line(&mut self) -> (Vec<u8>, Vec<u8>) {
        self.at += 1;
        let mut text = Vec::new();
        while self.at < self.source.len() {
            match self.source[self.at] {
                b'\n' if !continued(&self.source[..self.at]) => break,
                b'/' if self.peek(1) == b'*' => {
                    self.block_comment();
                    text.push(b' ');
                }
                b'/' if self.peek(1) == b'/' => self.rest_of_line(),
                quote @ (b'"' | b'\'') => {
                    let start = self.at;
                    self.quoted(quote);
                    text.extend_from_slice(&self.source[start..self.at]);
                }
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        let text = text.trim_ascii();
        let word = text.iter().take_while(|b| is_word(**b)).count();
        (text[..word].to_vec(), text[word..].trim_ascii().to_vec())
    }

    fn directive(&mut self) {
        let start = self.at;
        let (word, rest) = self.directive_line();
        match word.as_slice() {
            b"if" if is_number(&rest, b'0') => self.skip_dead(),
            b"if" if is_number(&rest, b'1') => self.arms.push(Arms::OnlyFirst),
            b"if" | b"ifdef" | b"ifndef" => {
                self.arms.push(Arms::Live);
                self.push(Kind::If, start);
            }
            b"elif" | b"else" | b"elifdef" | b"elifndef" => match self.arms.last() {
                Some(Arms::Live) => self.push(Kind::Else, start),
                Some(Arms::OnlyFirst) => {
                    self.arms.pop();
                    self.skip_dead();
                }
                Some(Arms::OnlyElse) | None => {}
            },
            b"endif" => {
                let arms = self.arms.pop();
                if arms == Some(Arms::Live) {
                    self.push(Kind::Endif, start);
                }
            }
            _ => {}
        }
        self.line_start = true;
    }

    /// Passes a dead arm; stops after its `#else` or `#endif`.
    fn skip_dead(&mut self) {
        let mut depth = 0usize;
        let mut line_start = false;
        while self.at < self.source.len() {
            let byte = self.source[self.at];
            match byte {
                b'\n' => {
                    self.at += 1;
                    line_start = true;
                    continue;
                }
                b' ' | b'\t' => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.peek(1) == b'*' => {
                    self.block_comment();
                    continue;
                }
                b'/' if self.peek(1) == b'/' => self.rest_of_line(),
                b'#' if line_start => {
                    let (word, _) = self.directive_line();
                    match word.as_slice() {
                        b"if" | b"ifdef" | b"ifndef" => depth += 1,
                        b"endif" if depth == 0 => return,
                        b"endif" => depth -= 1,
                        b"elif" | b"else" | b"elifdef" | b"elifndef" if depth == 0 => {
                            self.arms.push(Arms::OnlyElse);
                            return;
                        }
                        _ => {}
                    }
                }
                b'"' => self.quoted(byte),
                _ => self.at += 1,
            }
            line_start = false;
        }
    }
}

/// Whether a byte can stand in an identifier; bytes above ASCII are letters of some script.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn continued(before: &[u8]) -> bool {
    before.ends_with(b"\\") || before.ends_with(b"\\\r")
}

fn is_number(condition: &[u8], digit: u8) -> bool {
    let inner = condition
        .strip_prefix(b"(")
        .and_then(|c| c.strip_suffix(b")"));
    inner.unwrap_or(condition).trim_ascii() == [digit]
}

#[cfg(test)]
mod tests {
    use super::{Kind, lex};

    fn words(source: &str) -> Vec<String> {
        lex(source.as_bytes())
            .iter()
            .filter(|token| token.kind == Kind::Word)
            .map(|token| String::from_utf8_lossy(token.text(source.as_bytes())).into_owned())
            .collect()
    }

    #[test]
    fn comments_strings_and_directives_hold_no_words() {
        let source =
            "a /* b */ // c \\\n d\n\"e\\\"f\" 'g' 0x1fU 1e+5 #define\n#define h i \\\n j\nk";
        assert_eq!(words(source), ["a", "define", "k"]);
    }

    #[test]
    fn dead_arms_are_left_out_and_live_ones_stay() {
        assert_eq!(
            words("#if 0\na don't \"\n#if X\nb\n#else\nc\n#endif\n#else\nd\n#endif\ne"),
            ["d", "e"]
        );
        assert_eq!(words("#if 1\na\n#else\nb\n#endif\nc"), ["a", "c"]);
        assert_eq!(
            words("#if X\na\n#elif Y\nb\n#else\nc\n#endif\n"),
            ["a", "b", "c"]
        );
        assert_eq!(words("#if 0 /* why */\n/*\n#endif\n*/ a\n#endif\nb"), ["b"]);
    }

    #[test]
    fn an_open_end_is_no_trouble() {
        for source in ["\"abc", "/* abc", "#if 0\nabc", "'\\", "#", "a\\"] {
            lex(source.as_bytes());
        }
        assert_eq!(words("\"abc\nd"), ["d"]);
    }
}
