//! What stands at file scope.

use super::plain::{Part, Reader};
use super::statement::{Outcome, Statements};
use super::token::skip_blanks;
use super::{Field, Kind};

/// Reads functions, declarations and definitions of types that start here, as many as follow each
/// other, and adds their nodes, parents first.
pub(super) fn read(text: &[u8], at: usize, nodes: &mut Vec<Part>) -> Outcome {
    let before = nodes.len();
    let mut outcome = many(text, at, nodes, item);
    // Parameters of old, declared in front of the body.
    let end = outcome.end.unwrap_or(at);
    if text.get(skip_blanks(text, end)) == Some(&b'{') {
        nodes.truncate(before);
        outcome.end = None;
    }
    outcome
}

/// Reads declarations of members in the same way.
pub(super) fn read_fields(text: &[u8], at: usize, nodes: &mut Vec<Part>) -> Outcome {
    many(text, at, nodes, |reader| reader.field())
}

fn many(
    text: &[u8],
    at: usize,
    nodes: &mut Vec<Part>,
    read: impl Fn(&mut Reader<'_, '_>) -> Option<()>,
) -> Outcome {
    let mut outcome = Outcome {
        end: None,
        seen: at,
    };
    loop {
        let before = nodes.len();
        let mut reader = Reader::new(text, outcome.end.unwrap_or(at), nodes);
        let done = read(&mut reader);
        outcome.seen = reader.at;
        outcome.end = done.map(|()| reader.end).or(outcome.end);
        if done.is_none() {
            nodes.truncate(before);
            return outcome;
        }
    }
}

fn item(reader: &mut Reader<'_, '_>) -> Option<()> {
    if !reader.at_declaration() {
        return None;
    }
    let first = reader.nodes.len();
    reader.open(Kind::Declaration, Field::None)?;
    reader.specifiers()?;
    if reader.next()? == b';' {
        // The definition of a type, which is no declaration to the grammar.
        let defines = matches!(
            reader.nodes.get(first + 1)?.kind,
            Kind::Struct | Kind::Union | Kind::Enum
        );
        if !defines {
            return None;
        }
        reader.nodes.remove(first);
        reader.nodes[first].field = Field::None;
        reader.skip(1);
        return Some(());
    }
    let declared = reader.nodes.len();
    reader.declarator(Kind::Identifier)?;
    if reader.next()? != b'{' {
        reader.more_declarators(declared)?;
        reader.close(first);
        return Some(());
    }
    let mut at = declared;
    while reader.nodes.get(at)?.kind == Kind::PointerDeclarator {
        at += 1;
    }
    if reader.nodes.get(at)?.kind != Kind::FunctionDeclarator {
        return None;
    }
    reader.nodes[first].kind = Kind::FunctionDefinition;
    Statements::new(reader).block(Field::Body)?;
    reader.close(first);
    Some(())
}
