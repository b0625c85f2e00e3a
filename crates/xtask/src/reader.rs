//! C text as the measuring tools see it: a reader that shares nothing with the front end.

pub mod lexer;
pub mod scan;
pub mod stream;
