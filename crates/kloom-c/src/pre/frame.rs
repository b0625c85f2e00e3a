//! The bracket context of the walk.

/// No token.
pub(super) const NONE: u32 = u32::MAX;

/// What a bracket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The file.
    File,
    /// Statements.
    Block,
    /// Members of a struct or union.
    Members,
    /// Enumerators.
    Enumerators,
    /// An initialiser.
    Elements,
    /// Parameters.
    Params,
    /// A declarator in parentheses.
    Declarator,
    /// Arguments of a call.
    Args,
    /// An expression, a cast, the head of a statement.
    Group,
    /// The head of a `for`.
    ForHead,
    /// A subscript.
    Index,
}

impl Room {
    /// A function body may open here.
    pub(super) fn is_body_place(self) -> bool {
        matches!(self, Room::File | Room::Block)
    }

    /// Holds items that end with `;` or a block.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Room::File | Room::Block | Room::Members)
    }
}

/// How far a declaration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not in a declaration: an expression.
    None,
    /// Before the type.
    Type,
    /// Between type and name.
    Declarator,
    /// After the name.
    Named,
    /// In an initialiser or a bit-field's width.
    Value,
}

/// One open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) room: Room,
    /// The token that closes it.
    pub(super) close: u32,
    /// At the start of an item.
    pub(super) start: bool,
    /// The item hangs on a head or a label: `if (x)`, `else`, `out:`.
    pub(super) hangs: bool,
    /// The declaration in it.
    pub(super) stage: Stage,
    /// In a `case`, before its colon.
    pub(super) case: bool,
    /// `?` that wait for their `:`.
    pub(super) questions: u32,
    /// First token of the item.
    pub(super) first: u32,
    /// The name that its declaration gives, or [`NONE`].
    pub(super) name: u32,
    /// Parameters follow the name: a function.
    pub(super) function: bool,
    /// What the closing bracket means to the item around it.
    pub(super) after: After,
}

/// What follows a closing bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The rest of the expression or declaration.
    Rest,
    /// The statement that belongs to the head.
    Body,
    /// A new item.
    Item,
}

impl Frame {
    pub(super) fn new(room: Room, close: u32) -> Frame {
        Frame {
            room,
            close,
            start: true,
            hangs: false,
            stage: match room {
                Room::Params => Stage::Type,
                Room::Declarator => Stage::Declarator,
                _ => Stage::None,
            },
            case: false,
            questions: 0,
            first: 0,
            name: NONE,
            function: false,
            after: After::Rest,
        }
    }
}
