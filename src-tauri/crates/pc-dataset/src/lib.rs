//! Read and check data sets and golden sets; pure and streaming.
