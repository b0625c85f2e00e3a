//! Leaves of the short text as the nodes that they stand for.

use super::{Data, Field, Kind};
use crate::compact::{self, Member};

/// A leaf as what it stands for in the full text.
pub(super) fn take_apart(leaf: Data, text: &[u8], nodes: &mut Vec<Data>) {
    let start = leaf.start as usize;
    let byte = text.get(start).copied().unwrap_or(b'0');
    match leaf.kind {
        Kind::Number | Kind::Identifier => match byte {
            b'"' => nodes.push(Data {
                kind: Kind::String,
                ..leaf
            }),
            b'\'' => nodes.push(Data {
                kind: Kind::Char,
                ..leaf
            }),
            _ if compact::name_end(text, start).is_some() => members(leaf, text, nodes),
            _ => nodes.push(leaf),
        },
        Kind::PrimitiveType => {
            let keywords: [(&[u8], Kind); 3] = [
                (b"struct", Kind::Struct),
                (b"union", Kind::Union),
                (b"enum", Kind::Enum),
            ];
            let here = text.get(start..leaf.end as usize).unwrap_or(&[]);
            let Some((word, kind)) = keywords.into_iter().find(|(w, _)| here.starts_with(w)) else {
                return nodes.push(leaf);
            };
            let after = nodes.len() as u32 + 2;
            nodes.push(Data {
                kind,
                after,
                ..leaf
            });
            nodes.push(Data {
                kind: Kind::TypeIdentifier,
                field: Field::Name,
                start: compact::skip_blanks(text, start + word.len()) as u32,
                after,
                ..leaf
            });
        }
        _ => nodes.push(leaf),
    }
}

/// A name with the members that are reached from it.
fn members(leaf: Data, text: &[u8], nodes: &mut Vec<Data>) {
    let first = compact::name_end(text, leaf.start as usize).unwrap_or(leaf.end as usize);
    let mut steps: Vec<Member> = Vec::new();
    let mut at = first;
    while at < leaf.end as usize
        && let Some(step) = compact::member(text, at)
    {
        at = step.name.1;
        steps.push(step);
    }
    let here = nodes.len() as u32;
    let inner = |outermost: bool| {
        if outermost {
            leaf.field
        } else {
            Field::Argument
        }
    };
    // The last step is the outermost access; each holds the one before it.
    for (depth, step) in steps.iter().rev().enumerate() {
        let count = (steps.len() - depth) as u32;
        nodes.push(Data {
            kind: Kind::FieldAccess,
            field: inner(depth == 0),
            end: step.name.1 as u32,
            after: here + depth as u32 + 3 * count + 1,
            ..leaf
        });
    }
    let mut push = |kind, field, (start, end): (usize, usize)| {
        nodes.push(Data {
            kind,
            field,
            broken: leaf.broken,
            start: start as u32,
            end: end as u32,
            after: nodes.len() as u32 + 1,
        });
    };
    push(
        Kind::Identifier,
        inner(steps.is_empty()),
        (leaf.start as usize, first),
    );
    for step in steps {
        push(Kind::Other, Field::Operator, step.operator);
        push(Kind::FieldIdentifier, Field::Accessed, step.name);
    }
}
