//! Writes an image as a folder in the OCI image layout, which registries' tools push without a container engine.
//! Shapes: <https://github.com/opencontainers/image-spec>.

use crate::layer::{self, Layer, USER_ID};
use oci_spec::OciSpecError;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder,
    MediaType, OciLayoutBuilder, Os, RootFsBuilder, SCHEMA_VERSION, Sha256Digest,
};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

/// An image could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    /// The disk refused.
    #[error("the image could not be written")]
    Disk(#[from] io::Error),
    /// A document of the image is not one.
    #[error("the image could not be described")]
    Document(#[from] OciSpecError),
    /// A document of the image could not be written as JSON.
    #[error("the image could not be described")]
    Json(#[from] serde_json::Error),
}

/// An image that lies in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Image {
    /// The digest of its manifest: the name by which it is deployed.
    pub(crate) digest: String,
    /// What a registry stores and a platform fetches.
    pub(crate) bytes: usize,
}

/// Writes the image of a program into an empty folder.
///
/// No label names a commit and nothing a time: a function that a commit did not change keeps its digest, so that a
/// deployment leaves it alone.
pub(crate) fn write(folder: &Path, program: &[u8]) -> Result<Image, LayoutError> {
    let Layer { compressed, archive } = layer::pack(program)?;
    let blobs = Blobs::new(folder)?;
    let config = ImageConfigurationBuilder::default()
        .architecture(Arch::Amd64)
        .os(Os::Linux)
        .config(
            ConfigBuilder::default()
                .user(format!("{USER_ID}:{USER_ID}"))
                .entrypoint(vec![format!("/{}", layer::PROGRAM)])
                .working_dir("/")
                .build()?,
        )
        .rootfs(
            RootFsBuilder::default()
                .typ("layers")
                .diff_ids(vec![format!("sha256:{}", sha256(&archive))])
                .build()?,
        )
        .build()?;
    let config = serde_json::to_vec(&config)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(blobs.put(MediaType::ImageConfig, &config)?)
        .layers(vec![blobs.put(MediaType::ImageLayerGzip, &compressed)?])
        .build()?;
    let manifest = serde_json::to_vec(&manifest)?;
    let described = blobs.put(MediaType::ImageManifest, &manifest)?;
    let digest = described.digest().to_string();
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![described])
        .build()?;
    fs::write(folder.join("index.json"), serde_json::to_vec(&index)?)?;
    let mark = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
    fs::write(folder.join("oci-layout"), serde_json::to_vec(&mark)?)?;
    Ok(Image { digest, bytes: config.len() + compressed.len() + manifest.len() })
}

/// The image's contents, each under its own digest.
struct Blobs<'a>(&'a Path);

impl<'a> Blobs<'a> {
    fn new(folder: &'a Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("blobs/sha256"))?;
        Ok(Self(folder))
    }

    fn put(&self, kind: MediaType, bytes: &[u8]) -> Result<Descriptor, LayoutError> {
        let name = sha256(bytes);
        fs::write(self.0.join("blobs/sha256").join(&name), bytes)?;
        Ok(Descriptor::new(kind, bytes.len() as u64, Sha256Digest::from_str(&name)?))
    }
}

/// SHA-256 in lower-case hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{sha256, write};
    use serde_json::{Value, json};
    use std::fs;
    use std::path::{Path, PathBuf};

    /// A folder that goes with its test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("streamly-images-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("the temporary folder is writable");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // Left behind it costs a few bytes.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn document(path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).expect("the file is there")).expect("it is JSON")
    }

    fn blob(folder: &Path, descriptor: &Value) -> PathBuf {
        let digest = descriptor["digest"].as_str().expect("a digest");
        folder.join("blobs/sha256").join(digest.strip_prefix("sha256:").expect("SHA-256"))
    }

    #[test]
    fn every_content_lies_under_its_own_digest_with_its_own_size() {
        let folder = Folder::new("contents");
        write(&folder.0, b"a program").expect("it is written");
        let index = document(&folder.0.join("index.json"));
        let manifest = document(&blob(&folder.0, &index["manifests"][0]));
        for descriptor in [&index["manifests"][0], &manifest["config"], &manifest["layers"][0]] {
            let path = blob(&folder.0, descriptor);
            let bytes = fs::read(&path).expect("it is there");
            assert_eq!(path.file_name().expect("a name").to_string_lossy(), sha256(&bytes));
            assert_eq!(descriptor["size"], json!(bytes.len()));
        }
    }

    #[test]
    fn the_image_is_named_by_its_manifest_and_counts_what_a_registry_stores() {
        let folder = Folder::new("name");
        let image = write(&folder.0, b"a program").expect("it is written");
        let index = document(&folder.0.join("index.json"));
        assert_eq!(index["manifests"][0]["digest"], json!(image.digest));
        let stored = fs::read_dir(folder.0.join("blobs/sha256")).expect("it is there");
        let bytes: u64 =
            stored.map(|entry| entry.expect("it is there").metadata().expect("a file").len()).sum();
        assert_eq!(image.bytes as u64, bytes);
    }

    #[test]
    fn a_platform_is_told_to_run_the_program_as_nobody() {
        let folder = Folder::new("config");
        write(&folder.0, b"a program").expect("it is written");
        let index = document(&folder.0.join("index.json"));
        let config =
            document(&blob(&folder.0, &document(&blob(&folder.0, &index["manifests"][0]))["config"]));
        assert_eq!(
            config["config"],
            json!({ "User": "65532:65532", "Entrypoint": ["/app"], "WorkingDir": "/" })
        );
        assert_eq!((&config["os"], &config["architecture"]), (&json!("linux"), &json!("amd64")));
        assert_eq!(config.get("created"), None, "a time would change the digest");
    }

    #[test]
    fn the_same_program_has_the_same_digest_wherever_it_is_written() {
        let (one, other) = (Folder::new("here"), Folder::new("there"));
        assert_eq!(
            write(&one.0, b"a program").expect("it is written"),
            write(&other.0, b"a program").expect("it is written")
        );
    }

    #[test]
    fn sha256_agrees_with_the_published_example() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
