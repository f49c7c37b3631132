//! Swift binding generator; run through `cargo xtask bindings swift`.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
