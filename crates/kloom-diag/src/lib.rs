//! Files, spans, severities and the plain diagnostic value that every part of kloom speaks.
//!
//! Nothing here reads a file, knows a rule or prints: text and headers come in through
//! [`Provider`], and output formats turn a [`Diagnostic`] into their own types.

mod diagnostic;
mod source;

pub use diagnostic::{Diagnostic, Root, Severity, Step};
pub use source::{FileId, LineCol, Provider, SourceFile, SourceMap, Span};
