//! From tree to IR.
//!
//! [`unit`] walks what stands at file scope; [`body`] holds one function while it is built, and
//! the other modules each read one kind of construct into it.

mod body;
mod broken;
mod call;
mod cleanup;
mod condition;
mod config;
mod declaration;
mod entries;
mod expression;
mod items;
mod jump;
mod known;
mod literal;
mod macro_loop;
mod on_demand;
mod place;
mod reach;
mod statement;
mod switch;
mod table;
mod text;
mod tidy;
mod types;
mod unit;
mod wait;

use crate::Context;
use crate::headers::{Source, Symbols};
use crate::pre;
use kloom_ir::Unit;
use std::sync::Arc;

/// Deeper nested text is not analysed; recursion over the tree stays far below any stack.
const MAX_DEPTH: u32 = 200;

/// A file that the prepass has been over, with its headers.
pub(crate) struct Front<'a> {
    context: &'a Context<'a>,
    symbols: Symbols,
}

impl<'a> Front<'a> {
    /// Prepares a file and finds its headers.
    pub(crate) fn read(context: &'a Context<'a>, path: &str, text: Arc<[u8]>) -> Front<'a> {
        let prepared = pre::prepare(&text, &context.words);
        let main = Arc::new(Source::new(path, text, prepared));
        let symbols = Symbols::load(main, &context.words, context.provider, &context.headers);
        Front { context, symbols }
    }

    /// Whether the file, or a header of its own, calls something that anybody wants to know about.
    pub(crate) fn is_of_interest(&self) -> bool {
        let mut sources = self.symbols.sources().iter();
        sources.any(|source| source.is_of_interest(&self.context.interest))
    }

    /// Lowers it.
    pub(crate) fn lower(&self) -> Unit {
        unit::Lowering::new(self.context, &self.symbols).run()
    }
}
