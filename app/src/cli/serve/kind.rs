//! What kind of file a name stands for, and for how long a browser may keep it.

/// The kind of plain text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Ending, kind, and whether compressing helps.
const KINDS: [(&str, &str, bool); 13] = [
    ("html", "text/html; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("jsonl", "application/x-ndjson", true),
    ("wasm", "application/wasm", true),
    ("svg", "image/svg+xml", true),
    ("webmanifest", "application/manifest+json", true),
    ("toml", TEXT, true),
    ("txt", TEXT, true),
    ("md", TEXT, true),
    ("tsv", "text/tab-separated-values; charset=utf-8", true),
    ("bin", "application/octet-stream", false),
];

fn known(name: &str) -> Option<(&'static str, bool)> {
    let (_, ending) = name.rsplit_once('.')?;
    KINDS.iter().find(|(known, ..)| *known == ending).map(|(_, kind, packs)| (*kind, *packs))
}

/// The kind by the name's ending.
pub fn of(name: &str) -> &'static str {
    known(name).map_or("application/octet-stream", |(kind, _)| kind)
}

/// Whether such a file becomes smaller when it is compressed.
pub fn packs(name: &str) -> bool {
    known(name).is_some_and(|(_, packs)| packs)
}

/// How a browser may keep a file: for good where its address is made of its content, else never unasked.
pub fn keeping(name: &str) -> &'static str {
    match ["v-", "data/", "parts/"].iter().any(|start| name.starts_with(start)) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_ending() {
        assert_eq!((of("v-1/a.wasm"), packs("v-1/a.wasm")), ("application/wasm", true));
        assert_eq!((of("a/b.safetensors"), packs("a/b.safetensors")), ("application/octet-stream", false));
        assert_eq!((of("toml"), of("parts/1.bin"), packs("parts/1.bin")), (of("x"), of("x"), false));
        assert!(keeping("data/1.txt").ends_with("immutable") && keeping("sw.js") == "no-cache");
    }
}
