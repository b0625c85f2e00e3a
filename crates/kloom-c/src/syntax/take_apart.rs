//! Leaves of the short text as the nodes that they stand for.

use super::plain::Part;
use super::{Data, Field, Kind, token};

/// Adds what a leaf stands for in the full text; `parts` are those still to come.
pub(super) fn take_apart(leaf: Data, text: &[u8], parts: &mut &[Part], nodes: &mut Vec<Data>) {
    let start = leaf.start as usize;
    match leaf.kind {
        Kind::Number | Kind::Identifier => {
            drop_before(leaf.start, parts);
            // A mark that the prepass put in front belongs to the leaf.
            let whole = parts.first().filter(|first| first.end == leaf.end);
            match (whole, text.get(start)) {
                (Some(whole), _) => {
                    let (all, rest) = parts.split_at(whole.count as usize);
                    *parts = rest;
                    insert(leaf, all, nodes);
                }
                (None, Some(b'"')) => nodes.push(Data {
                    kind: Kind::String,
                    ..leaf
                }),
                (None, Some(b'\'')) => nodes.push(Data {
                    kind: Kind::Char,
                    ..leaf
                }),
                (None, _) => nodes.push(leaf),
            }
        }
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
                start: token::skip_blanks(text, start + word.len()) as u32,
                after,
                ..leaf
            });
        }
        _ => nodes.push(leaf),
    }
}

/// Adds what an empty statement or a type without a name stands for, if it does.
pub(super) fn take_several(leaf: Data, parts: &mut &[Part], nodes: &mut Vec<Data>) -> bool {
    drop_before(leaf.start, parts);
    let mut any = false;
    while let Some(first) = parts.first()
        && first.end <= leaf.end
    {
        let (all, rest) = parts.split_at(first.count as usize);
        *parts = rest;
        insert(leaf, all, nodes);
        any = true;
    }
    any
}

/// Leaves out parts that end before an offset.
fn drop_before(start: u32, parts: &mut &[Part]) {
    while let Some((first, rest)) = parts.split_first()
        && first.end <= start
    {
        *parts = &rest[first.count as usize - 1..];
    }
}

/// Nodes in the place of the leaf that stands for them.
fn insert(leaf: Data, parts: &[Part], nodes: &mut Vec<Data>) {
    for (at, part) in parts.iter().enumerate() {
        let here = nodes.len() as u32;
        nodes.push(Data {
            kind: part.kind,
            field: if at == 0 { leaf.field } else { part.field },
            broken: at == 0 && leaf.broken,
            start: part.start,
            end: part.end,
            after: here + part.count,
        });
    }
}
