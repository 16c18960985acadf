//! Skills: texts that a slash command puts before a question, with their files.
