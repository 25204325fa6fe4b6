//! What is in an image: the program, and the name of the user that it runs as. The same program gives the same bytes
//! whoever packs it, wherever and whenever.

use flate2::{Compression, GzBuilder};
use std::io::{self, Write};
use tar::{Builder, EntryType, Header};

/// Who the program runs as; a number, so that a platform can see that it is not root.
pub(crate) const USER_ID: u32 = 65532;

/// The program's place in the image.
pub(crate) const PROGRAM: &str = "app";

/// A layer, as it lies in a registry and as it is unpacked.
pub(crate) struct Layer {
    /// The archive, compressed.
    pub(crate) compressed: Vec<u8>,
    /// The archive itself: a configuration names its digest.
    pub(crate) archive: Vec<u8>,
}

/// Packs a program. Nothing but the program decides a byte of it: entries have a fixed order, owner and time.
pub(crate) fn pack(program: &[u8]) -> io::Result<Layer> {
    let mut tar = Builder::new(Vec::new());
    tar.append(&header("etc/", EntryType::Directory, 0o755, 0)?, io::empty())?;
    for (path, mode, bytes) in files(program) {
        tar.append(&header(path, EntryType::Regular, mode, bytes.len() as u64)?, &*bytes)?;
    }
    let archive = tar.into_inner()?;
    // Neither time nor operating system stands in the head.
    let mut gzip =
        GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    gzip.write_all(&archive)?;
    Ok(Layer { compressed: gzip.finish()?, archive })
}

/// Every file of an image: path, mode, content. Root owns them, so that the program cannot change itself.
pub(crate) fn files(program: &[u8]) -> [(&'static str, u32, Vec<u8>); 2] {
    let passwd = format!("streamly:x:{USER_ID}:{USER_ID}::/:/sbin/nologin\n");
    [("etc/passwd", 0o644, passwd.into_bytes()), (PROGRAM, 0o755, program.to_vec())]
}

/// RFC 1952, section 2.3.1: 255 is "unknown".
const UNKNOWN_SYSTEM: u8 = 255;

fn header(path: &str, kind: EntryType, mode: u32, bytes: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::{PROGRAM, pack};
    use std::io::Read;

    /// What an unpacking program sees: type, path, mode, owner, group, time, content.
    fn seen(program: &[u8]) -> Vec<(char, String, u32, u64, u64, u64, String)> {
        let layer = pack(program).expect("memory is writable");
        let unpacked = flate2::read::GzDecoder::new(layer.compressed.as_slice());
        let mut archive = tar::Archive::new(unpacked);
        let entries = archive.entries().expect("it is an archive");
        entries
            .map(|entry| {
                let mut entry = entry.expect("it is an archive");
                let mut content = String::new();
                entry.read_to_string(&mut content).expect("the test's program is text");
                let head = entry.header();
                let kind = if head.entry_type().is_dir() { 'd' } else { 'f' };
                let path = entry.path().expect("a plain path").display().to_string();
                let number = |read: std::io::Result<u64>| read.expect("a number");
                let mode = head.mode().expect("a number");
                (kind, path, mode, number(head.uid()), number(head.gid()), number(head.mtime()), content)
            })
            .collect()
    }

    #[test]
    fn an_image_holds_the_program_and_its_users_name_and_nothing_else() {
        let passwd = "streamly:x:65532:65532::/:/sbin/nologin\n";
        let expected = [
            ('d', "etc/".to_owned(), 0o755, 0, 0, 0, String::new()),
            ('f', "etc/passwd".to_owned(), 0o644, 0, 0, 0, passwd.to_owned()),
            ('f', PROGRAM.to_owned(), 0o755, 0, 0, 0, "a program".to_owned()),
        ];
        assert_eq!(seen(b"a program"), expected);
    }

    #[test]
    fn the_same_program_packs_to_the_same_bytes_and_another_to_others() {
        let packed = |program: &[u8]| pack(program).expect("memory is writable").compressed;
        assert_eq!(packed(b"one"), packed(b"one"));
        assert_ne!(packed(b"one"), packed(b"two"));
    }

    #[test]
    fn the_compressed_head_tells_neither_time_nor_system() {
        let packed = pack(b"a program").expect("memory is writable").compressed;
        // RFC 1952: magic, deflate, no flags, four bytes of time, best compression, unknown system.
        assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    }
}
