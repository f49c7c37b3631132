//! Kotlin binding generator; run through `cargo xtask bindings kotlin`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
