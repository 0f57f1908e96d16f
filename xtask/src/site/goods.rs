//! What a site is made of, by the names in the sources.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

use super::Site;
use crate::shell::{MODULES, Shop};

/// Files by their path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Modules that are packed and cut, as Trunk leaves them: the laboratory with the figures, and what trains.
const PACKED: [&str; 2] = ["retort-page_bg.wasm", "retort-worker_bg.wasm"];
/// Files of `www` that are known by their own names.
const ROOT: [&str; 2] = ["icon.svg", "site.webmanifest"];
/// Folders of data: where they lie, and what their files are called.
const DATA: [(&str, &str); 5] = [
    ("www/assets", "assets"),
    ("tests/conformance", "assets/conformance"),
    ("www/presets", "presets"),
    ("www/recorded", "recorded"),
    ("www/figures", "figures"),
];

/// Everything, before it has addresses.
#[derive(Debug, Clone, Default)]
pub struct Goods {
    /// The pages, in HTML.
    pub pages: Files,
    /// What is known by its own name.
    pub root: Files,
    /// Scripts, styles, the first modules.
    pub code: Files,
    /// Models, texts, recordings, run files.
    pub data: Files,
    /// Modules that are packed.
    pub packed: Files,
    /// The service worker.
    pub service: String,
}

impl Goods {
    /// Reads the sources, and what Trunk built into `built`.
    ///
    /// # Errors
    /// When something cannot be read, or a page is wrong.
    pub fn gather(shop: &Shop, built: &Path) -> Result<Self> {
        let www = shop.root.join("www");
        let mut goods = Self::default();
        for (name, text) in Site::read(&www)?.files()? {
            let files = if name.ends_with(".html") { &mut goods.pages } else { &mut goods.data };
            files.insert(name, text.into_bytes());
        }
        for (folder, prefix) in DATA {
            if shop.root.join(folder).is_dir() {
                collect(&shop.root.join(folder), prefix, &mut goods.data)?;
            }
        }
        // The live figures read the tables of the studies.
        goods.data.insert("recorded/results.md".into(), read(&shop.root.join("RESULTS.md"))?);
        let mut code = Files::new();
        for (module, _) in MODULES {
            collect(&built.join(module), "", &mut code)?;
        }
        collect(&built.join("hands"), "", &mut code)?;
        for name in PACKED {
            let module = code.remove(name).with_context(|| format!("{}: wanted {name}", built.display()))?;
            goods.packed.insert(name.into(), module);
        }
        // Trunk's own pages: those of the site are made here.
        code.retain(|name, _| !name.ends_with(".html"));
        for file in fs::read_dir(&www).context("could not read www")? {
            let name = file.context("could not read www")?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".js") || name.ends_with(".css") {
                code.insert(name.clone(), read(&www.join(&name))?);
            }
        }
        let service = code.remove("sw.js").context("www: wanted sw.js")?;
        goods.service = String::from_utf8(service).context("www/sw.js: wanted UTF-8")?;
        goods.code = code;
        for name in ROOT {
            goods.root.insert(name.into(), read(&www.join(name))?);
        }
        // A host that has runs answers this itself.
        goods.root.insert("runs/index.json".into(), b"{\"native\":false,\"runs\":[]}\n".to_vec());
        Ok(goods)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

/// The files below a folder, but for those that begin with a dot.
fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let about = || format!("could not read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(about)? {
        let path = entry.with_context(about)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if name.starts_with('.') || name.contains("/.") {
            continue;
        }
        match path.is_dir() {
            true => collect(&path, &name, files)?,
            false => drop(files.insert(name, read(&path)?)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_collected_without_what_is_hidden() {
        let mut files = Files::new();
        let www = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("www");
        collect(&www.join("assets"), "assets", &mut files).unwrap();
        assert!(files.contains_key("assets/prose/large/config.json") && !files.contains_key("assets/.gitattributes"));
    }
}
