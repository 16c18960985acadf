//! Does nothing itself: it makes cargo download the `protoc` that LanceDB's build needs, before
//! anything is compiled. See `.cargo/protoc`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
