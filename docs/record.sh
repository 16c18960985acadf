#!/bin/sh
# Draws the pictures of the README: has the session of tests/it/recording.rs with the real program,
# in a pseudo-terminal, and writes its last screen as docs/session.svg; and in a browser, and writes
# docs/web-360.png and docs/web-1440.png. Needs Linux with full confinement (see `ollacode doctor`),
# python3, and for the page chromium and chromedriver.
set -eu
cd "$(dirname "$0")/.."
INSTA_UPDATE=always exec cargo test --workspace --test it recording
