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

/// Lowers one file.
pub(crate) fn lower(context: &Context<'_>, path: &str, text: Arc<[u8]>) -> Unit {
    let prepared = pre::prepare(&text, &context.words);
    let main = Arc::new(Source::new(path, text, prepared));
    let symbols = Symbols::load(main, &context.words, context.provider, &context.headers);
    unit::Lowering::new(context, &symbols).run()
}
