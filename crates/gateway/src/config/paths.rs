//! Relative paths of a configuration file: they begin at its folder, wherever the program was started.

use std::path::Path;

use super::{Config, SourceConfig, SourceUrl, SystemUrl};

impl Config {
    /// Has relative paths begin at a folder; that of the data directory only where the file names one.
    pub fn beside(&mut self, folder: &Path, names_data_dir: bool) {
        if names_data_dir {
            self.data_dir = folder.join(&self.data_dir);
        }
        let cluster = &mut self.cluster;
        let tls = cluster.tls.iter_mut().flat_map(|tls| [&mut tls.certificate, &mut tls.key, &mut tls.ca]);
        let others = [&mut self.server.vocabulary_folder, &mut cluster.system_ca, &mut cluster.key_file];
        for path in others.into_iter().flatten().chain(tls) {
            *path = folder.join(&*path);
        }
        if let Some(url) = cluster.system.as_ref().and_then(|url| file_at(folder, url.reveal())) {
            cluster.system = Some(SystemUrl::from(url));
        }
        self.sources.values_mut().for_each(|source| source.beside(folder));
    }
}

impl SourceConfig {
    fn beside(&mut self, folder: &Path) {
        for path in [&mut self.password_file, &mut self.tls_ca, &mut self.model].into_iter().flatten() {
            *path = folder.join(&*path);
        }
        if let Some(url) = file_at(folder, self.url.reveal()) {
            self.url = SourceUrl::from(url.as_str());
        }
    }
}

/// The URL of a SQLite file whose path begins at a folder; `None` where it is another one.
fn file_at(folder: &Path, url: &str) -> Option<String> {
    let path = url.strip_prefix("sqlite:").filter(|path| !path.is_empty() && !path.starts_with('/'))?;
    // What is no text cannot stand in a URL.
    let path = folder.join(path).into_os_string().into_string().ok()?;
    Some(["sqlite:", &path].concat())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn relative_paths_begin_at_the_folder_of_the_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("nextlink.toml");
        let text = |at: &str| {
            format!(
                "data_dir = \"{at}data\"
                [server]
                vocabulary_folder = \"{at}words\"
                [cluster]
                system = \"sqlite:{at}system.db\"
                system_ca = \"{at}ca.pem\"
                key_file = \"{at}keys\"
                tls = {{certificate = \"{at}n.pem\", key = \"{at}n.key\", ca = \"{at}n.ca\"}}
                [sources.a]
                url = \"sqlite:{at}a.db\"
                model = \"{at}a.yaml\"
                [sources.b]
                url = \"postgres://h/d\"
                password_file = \"{at}b.password\"
                tls_ca = \"{at}b.ca\""
            )
        };
        let read = |text: &str| {
            std::fs::write(&file, text).expect("a file");
            let (config, _) = Config::read(&file).expect(text);
            toml::to_string(&config).expect("it can be written")
        };
        let at = format!("{}/", dir.path().display());
        let (relative, absolute) = (read(&text("")), read(&text(&at)));
        assert_eq!(relative, absolute);
        assert_eq!(absolute.matches(&at).count(), 12, "{absolute}");
        // What the file does not name is as without one.
        assert_eq!(
            Config::read(&file).map(|(config, _)| config.data_dir).ok(),
            Some(dir.path().join("data"))
        );
        read("[sources.c]\nurl = \"sqlite:c.db\"");
        assert_eq!(
            Config::read(&file).map(|(config, _)| config.data_dir).ok(),
            Some(PathBuf::from("nextlink-data"))
        );
    }
}
