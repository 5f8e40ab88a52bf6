//! The operators in a question: "an exact phrase", +required, -excluded, title:word, text:word, begin*.
//!
//! An operator restricts which documents can answer. Its words, unless they are excluded, stay words of the question, which
//! is ranked as if there were no operators; see [`crate::query::clause`] for what each demands.
//!
//! By default a question is read for operators only if it looks like a query and not like prose, in which quotes and
//! hyphens mean something else: one line of at most [`QUERY_WORDS_MAX`] words beside its phrases, without a full stop, a
//! question mark or an exclamation mark at its end. There, what is no complete operator is text: a lone quote, a hyphen
//! between words or before a digit (`-5`, `foo - bar`, `e-mail`). A caller who wants them read everywhere gets an error for
//! what is incomplete.

use crate::error::short;
use crate::text::{is_emoji, is_unspaced, stem};
use crate::{Error, Result};

/// The most words of a query beside its phrases; longer ones are prose.
pub const QUERY_WORDS_MAX: usize = 10;
/// The most operators of a question.
pub const OPERATORS_MAX: usize = 32;
/// The fewest letters before the `*` of a word that begins others.
pub const BEGINNING_CHARS_MIN: usize = 3;

/// Where an operator looks.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub enum Field {
    /// In the title and in the text.
    Any,
    /// In the title.
    Title,
    /// In the text.
    Text,
}

/// What an operator looks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sought {
    /// A word, or what is written as one (`e-mail`).
    Word(String),
    /// Words that follow each other.
    Phrase(String),
    /// Words that begin so.
    Beginning(String),
}

/// An operator as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operator {
    /// What was written.
    pub written: String,
    /// Whether documents must not have it; otherwise they must.
    pub is_excluded: bool,
    /// Where.
    pub field: Field,
    /// What.
    pub sought: Sought,
}

/// A question without its operators.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wording {
    /// The question as it is ranked.
    pub text: String,
    /// Its operators.
    pub operators: Vec<Operator>,
    /// Words of a question, each with one or more words that are read too.
    pub synonyms: Vec<(String, String)>,
}

impl From<&str> for Wording {
    fn from(text: &str) -> Wording {
        Wording { text: text.to_owned(), ..Wording::default() }
    }
}

impl From<&String> for Wording {
    fn from(text: &String) -> Wording {
        text.as_str().into()
    }
}

// A piece of a question that has no space, but for those in its quotes.
struct Piece {
    start: usize,
    end: usize,
    // None for what is text.
    operator: Option<Operator>,
}

impl Wording {
    /// Reads a question. `operators` tells whether it has any; `None` leaves it to the question.
    ///
    /// # Errors
    /// [`Error::Config`] naming `text`, with the character: for an incomplete operator if there must be operators, and for
    /// more than [`OPERATORS_MAX`].
    pub fn read(text: &str, operators: Option<bool>) -> Result<Wording> {
        if operators == Some(false) {
            return Ok(text.into());
        }
        let pieces = pieces(text, operators == Some(true))?;
        if operators.is_none() && is_prose(text, &pieces) || pieces.iter().all(|piece| piece.operator.is_none()) {
            return Ok(text.into());
        }
        let mut wording = Wording { text: String::with_capacity(text.len()), ..Wording::default() };
        let mut behind = 0;
        for Piece { start, end, operator } in pieces {
            let Some(operator) = operator else { continue };
            if wording.operators.len() == OPERATORS_MAX {
                return Err(refused(text, start, "is one operator too many", &format!("at most {OPERATORS_MAX}")));
            }
            wording.text.push_str(&text[behind..start]);
            wording.text.push_str(operator.said());
            behind = end;
            wording.operators.push(operator);
        }
        wording.text.push_str(&text[behind..]);
        Ok(wording)
    }

    /// Adds what documents must have, or must not, given apart from the question. What is required is also asked.
    ///
    /// # Errors
    /// [`Error::Config`] naming `required` or `excluded`: for what is no word, phrase or beginning, and for more than
    /// [`OPERATORS_MAX`] together.
    pub fn demand(&mut self, items: &[String], is_excluded: bool) -> Result<()> {
        let name = if is_excluded { "excluded" } else { "required" };
        let accepted = "a word, several (a phrase), `begin*`, or one of these behind `title:` or `text:`";
        for item in items {
            let refuse = |accepted: String| {
                Err(Error::Config { field: name.into(), value: format!("'{}'", short(item).escape_debug()), accepted })
            };
            let (field, rest) = field_of(item.trim());
            let rest = rest.trim();
            let bare = rest.trim_matches(is_quote).trim();
            let sought = match bare.strip_suffix('*') {
                Some(begun) if is_beginning(begun) => begins(begun),
                Some(begun) if begun.contains(char::is_whitespace) => return refuse(accepted.into()),
                Some(_) => return refuse(format!("at least {BEGINNING_CHARS_MIN} letters or digits before the `*`")),
                None if !has_word(bare) || bare.contains(char::is_whitespace) && bare.contains('*') => {
                    return refuse(accepted.into());
                }
                None if bare.len() < rest.len() || bare.contains(char::is_whitespace) => {
                    Sought::Phrase(bare.to_owned())
                }
                None => Sought::Word(bare.to_owned()),
            };
            if self.operators.len() == OPERATORS_MAX {
                return refuse(format!("at most {OPERATORS_MAX} operators together"));
            }
            let operator = Operator { written: item.trim().to_owned(), is_excluded, field, sought };
            if !operator.said().is_empty() && !asks(&self.text, operator.said()) {
                self.text.push(' ');
                self.text.push_str(operator.said());
            }
            self.operators.push(operator);
        }
        Ok(())
    }
}

impl Operator {
    // Returns what the question says by it: nothing of what is excluded. What begins words is no word itself.
    fn said(&self) -> &str {
        match &self.sought {
            _ if self.is_excluded => "",
            Sought::Word(said) | Sought::Phrase(said) => said,
            Sought::Beginning(_) => "",
        }
    }
}

fn is_prose(text: &str, pieces: &[Piece]) -> bool {
    let words = pieces.iter().filter(|piece| {
        let is_phrase = |operator: &Operator| matches!(operator.sought, Sought::Phrase(_));
        !piece.operator.as_ref().is_some_and(is_phrase) && has_word(&text[piece.start..piece.end])
    });
    let text = text.trim();
    text.contains('\n') || text.ends_with(['.', '?', '!', '…', '。', '？', '！']) || words.count() > QUERY_WORDS_MAX
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”')
}

// Returns whether a character makes a word of what it is in.
fn makes_word(c: char) -> bool {
    c.is_alphanumeric() || is_emoji(c)
}

fn has_word(text: &str) -> bool {
    text.contains(makes_word)
}

fn is_beginning(begun: &str) -> bool {
    begun.chars().count() >= BEGINNING_CHARS_MIN && begun.chars().all(char::is_alphanumeric)
}

// Scripts without spaces have no words that could begin: what stands anywhere is sought.
fn begins(begun: &str) -> Sought {
    match begun.contains(is_unspaced) {
        true => Sought::Phrase(begun.to_owned()),
        false => Sought::Beginning(begun.to_owned()),
    }
}

// Returns whether a question has all words of an operator already, in any form.
fn asks(text: &str, said: &str) -> bool {
    let stems = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !makes_word(c)).filter(|word| !word.is_empty());
        words.map(|word| stem(&word.to_lowercase()).into_owned()).collect()
    };
    let known = stems(text);
    stems(said).iter().all(|stem| known.contains(stem))
}

fn field_of(text: &str) -> (Field, &str) {
    match (text.strip_prefix("title:"), text.strip_prefix("text:")) {
        (Some(rest), _) => (Field::Title, rest),
        (_, Some(rest)) => (Field::Text, rest),
        _ => (Field::Any, text),
    }
}

// Returns the pieces of a question. If it must have operators, one that is incomplete is an error.
fn pieces(text: &str, must: bool) -> Result<Vec<Piece>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| !c.is_whitespace()).map(|skipped| at + skipped) {
        let space = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        let piece = match operator(text, start, space, must)? {
            Some((end, operator)) => Piece { start, end, operator: Some(operator) },
            None => Piece { start, end: space, operator: None },
        };
        at = piece.end;
        all.push(piece);
    }
    Ok(all)
}

// Returns the operator that begins at an offset, and where it ends. `space` is where the next space is.
fn operator(text: &str, start: usize, space: usize, must: bool) -> Result<Option<(usize, Operator)>> {
    let incomplete = |at: usize, what: &str, accepted: &str| match must {
        true => Err(refused(text, at, what, accepted)),
        false => Ok(None),
    };
    let sign = text[start..].chars().next().filter(|c| matches!(c, '+' | '-'));
    let signed = start + sign.map_or(0, char::len_utf8);
    let (field, rest) = field_of(&text[signed..]);
    let from = text.len() - rest.len();
    // A sign or a field that stands alone is text, as in `foo - bar`.
    if from >= space && field == Field::Any {
        return Ok(None);
    }
    let Some(first) = text[from..].chars().next().filter(|c| !c.is_whitespace()) else {
        return incomplete(from.min(text.len()), "has a field without a word", "a word right behind the colon");
    };
    let make = |sought: Sought, end: usize| {
        let written = text[start..end].to_owned();
        Ok(Some((end, Operator { written, is_excluded: sign == Some('-'), field, sought })))
    };
    if is_quote(first) {
        let inner = from + first.len_utf8();
        let closes = |(at, c): &(usize, char)| {
            let next = text[inner + at + c.len_utf8()..].chars().next();
            is_quote(*c) && next.is_none_or(|next| !next.is_alphanumeric())
        };
        let Some((length, last)) = text[inner..].char_indices().find(closes) else {
            return incomplete(from, "has a quote that is never closed", "a quote behind the phrase");
        };
        let phrase = &text[inner..inner + length];
        return match has_word(phrase) {
            true => make(Sought::Phrase(phrase.trim().to_owned()), inner + length + last.len_utf8()),
            false => incomplete(from, "has quotes without a word", "words between the quotes"),
        };
    }
    let end = from + text[from..space].trim_end_matches([',', ';', ':', '.', '!', '?', ')']).len();
    let word = &text[from..end];
    if let Some(begun) = word.strip_suffix('*') {
        return match is_beginning(begun) {
            true => make(begins(begun), end),
            false if begun.is_empty() || begun.contains('*') => Ok(None),
            false => {
                let accepted = format!("at least {BEGINNING_CHARS_MIN} letters or digits before the `*`");
                incomplete(from, "has too little before its `*`", &accepted)
            }
        };
    }
    if sign.is_none() && field == Field::Any {
        return Ok(None);
    }
    // `-5` and `--all` are text, unless there must be operators.
    let is_word = if must { has_word(word) } else { first.is_alphabetic() || is_emoji(first) };
    match is_word {
        true => make(Sought::Word(word.to_owned()), end),
        false => incomplete(start, "has an operator without a word", "a word right behind it"),
    }
}

// Returns the error for what stands at an offset, and shows where that is.
fn refused(text: &str, at: usize, what: &str, accepted: &str) -> Error {
    const SHOWN_BEFORE: usize = 40;
    let place = text[..at].chars().count();
    let skipped = place.saturating_sub(SHOWN_BEFORE);
    let shown: String = text.chars().skip(skipped).take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let value = format!(
        "a question that {what} at character {}:\n    {shown}\n    {}^\n",
        place + 1,
        " ".repeat(place - skipped)
    );
    Error::Config {
        field: "text".into(),
        value,
        accepted: format!("{accepted}, or the question as text (`operators=False`)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Wording {
        Wording::read(text, None).unwrap()
    }

    fn operators(text: &str) -> Vec<(bool, Field, Sought)> {
        read(text).operators.into_iter().map(|one| (one.is_excluded, one.field, one.sought)).collect()
    }

    #[test]
    fn each_operator_is_read() {
        let word = |said: &str| Sought::Word(said.into());
        let phrase = |said: &str| Sought::Phrase(said.into());
        assert_eq!(
            operators("\"exact phrase\" -draft +signed title:report memb*"),
            [
                (false, Field::Any, phrase("exact phrase")),
                (true, Field::Any, word("draft")),
                (false, Field::Any, word("signed")),
                (false, Field::Title, word("report")),
                (false, Field::Any, Sought::Beginning("memb".into())),
            ]
        );
        assert_eq!(read("\"exact phrase\" -draft +signed title:report memb*").text, "exact phrase  signed report ");
        assert_eq!(
            operators("-title:\"old news\" text:loan, +“curly quotes” -arch*"),
            [
                (true, Field::Title, phrase("old news")),
                (false, Field::Text, word("loan")),
                (false, Field::Any, phrase("curly quotes")),
                (true, Field::Any, Sought::Beginning("arch".into())),
            ]
        );
    }

    #[test]
    fn an_emoji_is_a_word_of_an_operator() {
        let word = |said: &str| Sought::Word(said.into());
        assert_eq!(
            operators("more -👍 +❤️ title:🎉 \"👍 👎\""),
            [
                (true, Field::Any, word("👍")),
                (false, Field::Any, word("❤️")),
                (false, Field::Title, word("🎉")),
                (false, Field::Any, Sought::Phrase("👍 👎".into())),
            ]
        );
        let mut wording = read("more");
        wording.demand(&["👍".into(), "🇩🇪".into()], false).unwrap();
        wording.demand(&["👩‍💻".into()], true).unwrap();
        assert_eq!((&*wording.text, wording.operators.len()), ("more 👍 🇩🇪", 3));
    }

    #[test]
    fn natural_text_stays_as_it_is() {
        for text in [
            "state-of-the-art e-mail",
            "it's the \"",
            "the 12\" record",
            "-5 and +49 170",
            "C++ foo - bar",
            "\"unclosed phrase",
            "\"\" nothing",
            "who sang \"paradise city\"?",
            "is it -draft.",
            "title: the report",
            "https://example.org/a*b std::vec 12:30",
            "**bold** a* --all -- - +",
            "what -dash exact or approximate -dash are presently available for predicting pressures at an angle",
            "two lines\n-draft",
            "",
            "   ",
        ] {
            assert_eq!(read(text), Wording::from(text), "{text}");
        }
        assert_eq!(Wording::read("\"a phrase\"", Some(false)).unwrap().operators, []);
    }

    #[test]
    fn prose_is_read_if_it_must_have_operators() {
        let of = |text: &str| Wording::read(text, Some(true)).unwrap();
        assert_eq!(of("who sang \"paradise city\"?").operators.len(), 1);
        assert_eq!(of("who sang \"paradise city\"?").text, "who sang paradise city?");
        assert_eq!(of("is it -5").operators[0].sought, Sought::Word("5".into()));
        assert_eq!(of("foo - bar").operators, []);
    }

    #[test]
    fn an_error_shows_where() {
        let shown = |text: &str| Wording::read(text, Some(true)).unwrap_err().to_string();
        let lines = shown("a + \"b c");
        assert!(lines.contains("at character 5:\n    a + \"b c\n        ^\n"), "{lines}");
        for text in ["title: x", "x title:", "a*", "\"\"", "-\"", "+*", "--", "text:\"", "+,"] {
            let told = Wording::read(text, Some(true));
            assert!(told.is_err() || told.unwrap().operators.is_empty(), "{text}");
        }
        assert!(shown(&"+w ".repeat(OPERATORS_MAX + 1)).contains("too many"));
        let far = format!("{}\"x", "é".repeat(100));
        assert_eq!(Wording::read(&far, Some(true)).unwrap().operators, []);
        let far = format!("{} \"x", "é".repeat(100));
        assert!(shown(&far).contains("at character 102"));
    }

    #[test]
    fn demands_are_read_as_operators() {
        let mut wording = read("loan");
        wording.demand(&["signed".into(), "the exact phrase".into(), "title:\"report\"".into()], false).unwrap();
        wording.demand(&["draft".into(), "text:memb*".into()], true).unwrap();
        assert_eq!(wording.text, "loan signed the exact phrase report");
        assert_eq!(wording.operators.len(), 5);
        for bad in ["", "  ", "--", "a*", "title:", "\"\"", "\u{fe0f}", "…", "ion channel*"] {
            let error = wording.demand(&[bad.into()], true).unwrap_err();
            assert!(error.to_string().starts_with("`excluded` is"), "{error}");
            assert_eq!(error.to_string().contains("at least 3 letters"), bad == "a*", "{error}");
        }
    }

    #[test]
    fn any_text_is_read_or_refused() {
        let signs = ['"', '-', '+', '*', ':', ' ', 'a', 'é', '5', '“', '\n', 't'];
        let mut number = 1u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                number = number.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push(signs[(number >> 33) as usize % signs.len()]);
            }
            text.insert_str(0, ["", "title:", "-text:"][(number >> 40) as usize % 3]);
            read(&text);
            drop(Wording::read(&text, Some(true)));
        }
    }
}
