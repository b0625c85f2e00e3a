//! Which lock function a misspelt one was meant to be.
