//! The files of a set of definitions: definitions, and in `families/` what several of them share.

use std::path::Path;

use crate::problem::Problem;
use crate::tree;

/// The folder of families in a folder of definitions.
const FAMILIES: &str = "families";

/// The texts of definitions and families, each with the name of its file, as `slack.yaml` and `families/google.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Files {
    pub(crate) definitions: Vec<(String, String)>,
    pub(crate) families: Vec<(String, String)>,
    pub(crate) unread: Vec<Problem>,
}

impl Files {
    /// Takes texts with the names of their files. Those under `families/` are families.
    pub fn new<N: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (N, T)>) -> Self {
        let mut files = Self::default();
        for (name, text) in texts {
            files.add(name.into(), Ok(text.into()));
        }
        files.sort();
        files
    }

    /// Reads each `*.yaml` and `*.yml` of a folder and of `families/` in it, and of no other folder. What cannot be read is a
    /// problem of that file; the error is the folder's, when it cannot be read itself.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut files = Self::default();
        files.read_folder(folder, "")?;
        let families = folder.join(FAMILIES);
        if families.is_dir() {
            files.read_folder(&families, "families/")?;
        }
        files.sort();
        Ok(files)
    }

    /// Reads one definition, with the families beside it.
    pub fn read_one(path: &Path) -> std::io::Result<Self> {
        std::fs::metadata(path)?;
        let mut files = Self::default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.add(name, text_of(path));
        let families = path.parent().map(|folder| folder.join(FAMILIES));
        if let Some(families) = families.filter(|families| families.is_dir()) {
            files.read_folder(&families, "families/")?;
        }
        files.sort();
        Ok(files)
    }

    /// The text of a definition or family, by the name of its file.
    pub fn text(&self, file: &str) -> Option<&str> {
        let mut all = self.definitions.iter().chain(&self.families);
        all.find(|(name, _)| name == file).map(|(_, text)| text.as_str())
    }

    /// The same with another text for one file.
    #[must_use]
    pub fn with(mut self, file: &str, text: &str) -> Self {
        self.definitions.retain(|(name, _)| name != file);
        self.families.retain(|(name, _)| name != file);
        self.add(file.to_owned(), Ok(text.to_owned()));
        self.sort();
        self
    }

    /// The same with a file whose text cannot be used, and why.
    #[must_use]
    pub fn with_unread(mut self, file: &str, why: &str) -> Self {
        self.add(file.to_owned(), Err(why.to_owned()));
        self.sort();
        self
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml")
            {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                self.add(format!("{prefix}{name}"), text_of(&path));
            }
        }
        Ok(())
    }

    fn add(&mut self, name: String, text: Result<String, String>) {
        match text {
            Err(message) => self.unread.push(Problem::of_file(&name, message)),
            Ok(text) if name.starts_with("families/") => self.families.push((name, text)),
            Ok(text) => self.definitions.push((name, text)),
        }
    }

    fn sort(&mut self) {
        self.definitions.sort_by(|left, right| left.0.cmp(&right.0));
        self.families.sort_by(|left, right| left.0.cmp(&right.0));
        self.unread.sort_by(|left, right| left.file.cmp(&right.file));
    }
}

/// A file's text; one that is too large is not read at all.
fn text_of(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read: {error}");
    if std::fs::metadata(path).map_err(unreadable)?.len() > tree::MAX_BYTES as u64 {
        return Err(format!("the file is larger than {} KiB", tree::MAX_BYTES / 1024));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
