//! Hooks: which of them fit, what they are told, and what their end means; pure.
