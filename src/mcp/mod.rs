//! MCP servers of others, as a client: their tools, pinned and confined.
