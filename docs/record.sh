#!/bin/sh
# Draws the picture of the README, docs/session.svg: has the session of tests/it/recording.rs with
# the real program in a pseudo-terminal, and writes its last screen. Needs Linux with full
# confinement (see `ollacode doctor`) and python3.
set -eu
cd "$(dirname "$0")/.."
INSTA_UPDATE=always exec cargo test --workspace --test it recording
