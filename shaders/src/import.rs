//! Resolves `// #import name` lines: each is replaced by `shared/name.wgsl`.
//!
//! Pieces may import others. That is the whole preprocessor. Kernels stay literal WGSL otherwise, so that every tool reads
//! them.

/// The pieces that kernels share.
const SHARED: &[(&str, &str)] = &[
    ("activation", include_str!("shared/activation.wgsl")),
    ("attention", include_str!("shared/attention.wgsl")),
    ("mixed", include_str!("shared/mixed.wgsl")),
    ("rows", include_str!("shared/rows.wgsl")),
    ("divergence", include_str!("shared/divergence.wgsl")),
    ("parts", include_str!("shared/parts.wgsl")),
    ("norms", include_str!("shared/norms.wgsl")),
    ("logits", include_str!("shared/logits.wgsl")),
    ("state", include_str!("shared/state.wgsl")),
    ("row_stats", include_str!("shared/row_stats.wgsl")),
];

/// `wgsl` with its imports in place.
///
/// # Panics
/// When an import names no shared piece: a mistake in this crate, found by its tests.
pub fn resolve(wgsl: &str) -> String {
    let mut resolved = String::new();
    for line in wgsl.lines() {
        match line.strip_prefix("// #import ") {
            Some(name) => {
                let piece = SHARED.iter().find(|(known, _)| *known == name.trim());
                resolved.push_str(&resolve(piece.unwrap_or_else(|| panic!("no shared/{name}.wgsl")).1));
            }
            None => resolved.push_str(line),
        }
        resolved.push('\n');
    }
    resolved
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_import_is_replaced_and_other_comments_stay() {
        let text = super::resolve("// a comment\n// #import rows\nfn f() {}");
        assert!(text.starts_with("// a comment\n"), "{text}");
        assert!(text.contains("fn row_of("), "{text}");
        assert!(text.ends_with("fn f() {}\n"), "{text}");
        assert!(!text.contains("#import"), "{text}");
    }

    #[test]
    #[should_panic(expected = "no shared/nothing.wgsl")]
    fn an_unknown_import_is_a_mistake() {
        super::resolve("// #import nothing");
    }
}
