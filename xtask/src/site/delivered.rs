//! The site as any static host serves it: code in a folder of the version, data and parts under names made of their
//! content, relative addresses only. What has an address never changes, but for the pages and `sw.js`.
//!
//! ```text
//! index.html …          the pages, which name the version
//! sw.js                 the service worker, which knows every file of the version
//! v-0123456789ab/       code: scripts, styles, the first modules
//! parts/0123….bin       the larger modules, packed and cut
//! data/0123….tsv        everything else
//! runs/index.json       no runs: a host that has some answers this itself
//! ```

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{
    content,
    goods::{Files, Goods},
    parts::{self, Packed},
    rebase::rebase,
};

/// Data that every visitor sees at once: kept for reading without a network from the first visit on.
const FIRST: [&str; 3] = ["recorded/", "companions/", "figures/"];

/// A site, ready to be written.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What this version is called.
    pub version: String,
    /// Every file by its address.
    pub files: Files,
    /// Pictures that pages show and that are not there.
    pub missing: Vec<String>,
}

impl Delivered {
    /// Gives everything its address; `scratch` keeps what was packed.
    ///
    /// # Errors
    /// When a page asks for what is not there, or the scratch folder cannot be written.
    pub fn pack(goods: &Goods, scratch: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        for (name, bytes) in &goods.packed {
            modules.insert(name, parts::pack(bytes, scratch).with_context(|| format!("could not pack {name}"))?);
        }
        let service = Files::from([("sw.js".to_owned(), goods.service.clone().into_bytes())]);
        let version = content::version(&[&goods.pages, &goods.root, &goods.code, &goods.data, &goods.packed, &service]);
        let folder = format!("v-{version}");
        let mut files = Files::new();
        let mut data = BTreeMap::new();
        for (path, bytes) in &goods.data {
            let name = content::name("data", path, bytes);
            files.insert(name.clone(), bytes.clone());
            data.insert(path.clone(), name);
        }
        let about = |name: &String, bytes: &Vec<u8>| json!([name, bytes.len()]);
        let of = |packed: &Packed| packed.parts.iter().map(|(name, bytes)| about(name, bytes)).collect::<Vec<_>>();
        let packed: Map<String, Value> = modules
            .iter()
            .map(|(name, module)| ((*name).clone(), json!({ "dictionary": module.dictionary, "parts": of(module) })))
            .collect();
        let listed: Vec<Value> = modules.values().flat_map(of).collect();
        let mut code = goods.code.clone();
        code.insert("files.js".into(), table(&version, &data, &packed).into_bytes());
        let code: Files = code.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)).collect();
        let (mut pages, mut missing) = (goods.root.clone(), vec![]);
        for (name, html) in &goods.pages {
            let html = String::from_utf8_lossy(html);
            missing.extend(unmade(&html, &data));
            let address = |path: &str| match data.get(path) {
                Some(name) => Some(name.clone()),
                None if goods.root.contains_key(path) || path.starts_with(FIGURES) => Some(path.to_owned()),
                None => Some(format!("{folder}/{path}")).filter(|name| code.contains_key(name)),
            };
            pages.insert(name.clone(), rebase(name, &html, address)?.into_bytes());
        }
        let hashed = |files: &Files| -> Vec<Value> {
            files.iter().map(|(name, bytes)| json!([name, content::sha256(bytes)])).collect()
        };
        let first = data.iter().filter(|(path, _)| FIRST.iter().any(|start| path.starts_with(start)));
        let first: Vec<Value> = first.map(|(_, name)| about(name, &files[name])).collect();
        let all: Vec<Value> = files.iter().map(|(name, bytes)| about(name, bytes)).collect();
        let site = json!({
            "version": version, "pages": hashed(&pages), "code": hashed(&code),
            "first": first, "parts": listed, "data": all,
        });
        // Where the site lies in the repository, it is not part of it.
        files.insert(".gitignore".into(), b"*\n!.gitignore\n".to_vec());
        files.insert("sw.js".into(), format!("const SITE = {site};\n{}", goods.service).into_bytes());
        files.extend(pages);
        files.extend(code);
        files.extend(modules.into_values().flat_map(|module| module.parts));
        Ok(Self { version, files, missing })
    }

    /// Puts the site in the place of the one before; `scratch` lies on the same disk.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, to: &Path, scratch: &Path) -> Result<()> {
        let (new, old) = (scratch.join(".site-new"), scratch.join(".site-old"));
        for folder in [&new, &old] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
            }
        }
        for (name, bytes) in &self.files {
            let path = new.join(name);
            let about = || format!("could not write {}", path.display());
            fs::create_dir_all(path.parent().unwrap_or(&new)).with_context(about)?;
            fs::write(&path, bytes).with_context(about)?;
        }
        let about = || format!("could not put the site into {}", to.display());
        if to.exists() {
            fs::rename(to, &old).with_context(about)?;
        }
        fs::rename(&new, to).with_context(about)?;
        if old.exists() {
            fs::remove_dir_all(&old).with_context(|| format!("could not remove {}", old.display()))?;
        }
        Ok(())
    }
}

/// Where pictures of figures lie, which may not be made yet.
const FIGURES: &str = "figures/";

/// Pictures of figures that a page shows and that are not there.
fn unmade(html: &str, data: &BTreeMap<String, String>) -> Vec<String> {
    let shown = html.split(" src=\"./").skip(1).filter_map(|rest| rest.split('"').next());
    let lacking = shown.filter(|path| path.starts_with(FIGURES) && !data.contains_key(*path));
    lacking.map(str::to_owned).collect()
}

/// The module by which page and worker know the addresses.
fn table(version: &str, data: &BTreeMap<String, String>, packed: &Map<String, Value>) -> String {
    let data: Map<String, Value> = data.iter().map(|(path, name)| (path.clone(), json!(name))).collect();
    format!("export const site = {};\n", json!({ "version": version, "data": data, "packed": packed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goods() -> Goods {
        let files = |pairs: &[(&str, &str)]| -> Files {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let html = "<link href=\"./style.css\"><link href=\"./icon.svg\"><a href=\"./index.html#a\">b</a>\
                    <img src=\"./figures/a.svg\"><img src=\"./figures/b.svg\">";
        Goods {
            pages: files(&[("index.html", html)]),
            root: files(&[("icon.svg", "<svg>")]),
            code: files(&[("boot.js", "1"), ("style.css", "p{}")]),
            data: files(&[("assets/a.txt", "a"), ("recorded/b.jsonl", "{}"), ("figures/a.svg", "<svg/>")]),
            packed: Files::from([("a.wasm".to_owned(), vec![7; 1000])]),
            service: "self;".into(),
        }
    }

    fn packed(goods: &Goods) -> Result<Delivered> {
        Delivered::pack(goods, tempfile::tempdir().unwrap().path())
    }

    #[test]
    fn everything_has_an_address_and_is_there() {
        let site = packed(&goods()).unwrap();
        let folder = format!("v-{}", site.version);
        let text = |name: &str| String::from_utf8(site.files[name].clone()).unwrap();
        let page = text("index.html");
        assert!(page.contains(&format!("href=\"./{folder}/style.css\"")) && page.contains("\"./icon.svg\""), "{page}");
        assert!(page.contains("src=\"./data/") && page.contains("src=\"./figures/b.svg\""), "{page}");
        assert_eq!(site.missing, ["figures/b.svg"]);
        let table = text(&format!("{folder}/files.js"));
        let table: Value =
            serde_json::from_str(table.trim_start_matches("export const site = ").trim_end().trim_end_matches(';'))
                .unwrap();
        for name in table["data"].as_object().unwrap().values() {
            assert!(site.files.contains_key(name.as_str().unwrap()), "{name}");
        }
        let service = text("sw.js");
        let (site_of, script) = service.split_once('\n').unwrap();
        assert_eq!(script, "self;");
        let said: Value =
            serde_json::from_str(site_of.trim_start_matches("const SITE = ").trim_end_matches(';')).unwrap();
        let mut names: Vec<&str> = vec![".gitignore", "sw.js"];
        for list in ["pages", "code", "parts", "data"] {
            names.extend(said[list].as_array().unwrap().iter().map(|file| file[0].as_str().unwrap()));
        }
        names.sort_unstable();
        assert_eq!(names, site.files.keys().map(String::as_str).collect::<Vec<_>>());
        // The recording and the picture.
        assert_eq!(said["first"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn any_change_is_another_version_and_none_is_the_same() {
        let site = packed(&goods()).unwrap();
        assert_eq!(packed(&goods()).unwrap().files, site.files);
        let changes: [fn(&mut Goods); 4] = [
            |goods| goods.packed.values_mut().for_each(|module| module.push(0)),
            |goods| goods.service.push(' '),
            |goods| drop(goods.data.insert("assets/a.txt".into(), b"b".to_vec())),
            |goods| drop(goods.code.insert("boot.js".into(), b"2".to_vec())),
        ];
        for change in changes {
            let mut other = goods();
            change(&mut other);
            assert_ne!(packed(&other).unwrap().version, site.version);
        }
    }

    #[test]
    fn a_page_that_asks_for_what_is_not_there_is_refused() {
        let mut goods = goods();
        goods.pages.insert("a.html".into(), b"<script src=\"./none.js\"></script>".to_vec());
        let said = packed(&goods).unwrap_err().to_string();
        assert_eq!(said, "a.html, line 1: wanted a file of the site, found `./none.js`");
    }
}
