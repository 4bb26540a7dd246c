//! What the benchmark targets share.
