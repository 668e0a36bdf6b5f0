//! Executing, making small and attributing, on pairs of our own.
