//! Pictures that people upload: what they are is read from their bytes, never from a name or a header.

use imagesize::{ImageType, blob_size, image_type};
use sha2::{Digest as _, Sha256};
use store::ImageFacts;

use crate::{Kind, Problem};

/// Bytes of a picture at most.
pub const IMAGE_LIMIT: usize = 256 * 1024;
/// Pixels of a side at most.
const LARGEST_SIDE: usize = 1024;

/// Reads what a picture is, or says why it is not taken.
pub(crate) fn facts(bytes: &[u8]) -> Result<ImageFacts, Problem> {
    if bytes.len() > IMAGE_LIMIT {
        return Err(too_large());
    }
    if is_svg(bytes) {
        return Err(unsupported(
            "SVG pictures are not taken: they can hold scripts and load from elsewhere. Export the logo as PNG or WebP, \
             best 256 pixels high, and upload that.",
        ));
    }
    let media_type = match image_type(bytes) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Webp) => "image/webp",
        _ => {
            return Err(unsupported(
                "This is no PNG, JPEG or WebP picture; what it is was read from its bytes. Export the logo as one of these.",
            ));
        }
    };
    let size = blob_size(bytes)
        .map_err(|_| unsupported("This picture is damaged: its size cannot be read. Export it anew."))?;
    let fitting = |pixels: usize| {
        i32::try_from(pixels)
            .ok()
            .filter(|_| (1..=LARGEST_SIDE).contains(&pixels))
    };
    let (Some(width), Some(height)) = (fitting(size.width), fitting(size.height)) else {
        return Err(Problem::new(
            Kind::Unprocessable,
            "image_dimensions",
            format!(
                "The picture is {} × {} pixels. A side may have 1 to {LARGEST_SIDE}; 256 are enough.",
                size.width, size.height
            ),
        ));
    };
    Ok(ImageFacts {
        digest: hex::encode(&Sha256::digest(bytes)[..16]),
        media_type: media_type.to_owned(),
        width,
        height,
    })
}

/// A picture that is larger than is taken.
pub fn too_large() -> Problem {
    Problem::new(
        Kind::Unprocessable,
        "image_too_large",
        "The picture has more than 256 KiB. Scale it down or compress it; 256 pixels on a side are enough.",
    )
}

fn unsupported(message: &str) -> Problem {
    Problem::new(Kind::Unprocessable, "image_not_supported", message)
}

/// Whether this looks like XML with an SVG in it, for a better sentence.
fn is_svg(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let start = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    start.starts_with('<') && start.contains("<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest beginning that has a size: signature and header.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        let read = facts(&png(64, 32)).unwrap();
        assert_eq!(
            (read.media_type.as_str(), read.width, read.height),
            ("image/png", 64, 32)
        );
        assert_eq!(read.digest.len(), 32);
        assert_ne!(read.digest, facts(&png(64, 33)).unwrap().digest);
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        let svg = b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let mut big = png(10, 10);
        big.resize(IMAGE_LIMIT + 1, 0);
        for (bytes, key, said) in [
            (svg.to_vec(), "image_not_supported", "SVG pictures are not taken"),
            (
                b" \n<SVG onload=alert(1)>".to_vec(),
                "image_not_supported",
                "Export the logo as PNG or WebP",
            ),
            (
                b"<html><script>alert(1)</script>".to_vec(),
                "image_not_supported",
                "no PNG, JPEG or WebP",
            ),
            (
                b"GIF89a\x01\0\x01\0".to_vec(),
                "image_not_supported",
                "no PNG, JPEG or WebP",
            ),
            (Vec::new(), "image_not_supported", "no PNG, JPEG or WebP"),
            (
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
                "image_not_supported",
                "is damaged",
            ),
            (png(1025, 10), "image_dimensions", "is 1025 × 10 pixels"),
            (png(0, 10), "image_dimensions", "may have 1 to 1024"),
            (big, "image_too_large", "more than 256 KiB"),
        ] {
            let problem = facts(&bytes).unwrap_err();
            assert_eq!(problem.key(), key, "{problem}");
            assert!(problem.message().contains(said), "{problem}");
        }
    }
}
