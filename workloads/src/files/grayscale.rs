use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use concbench_stats::SplitMix64;
use image::{GrayImage, ImageFormat, Rgb, RgbImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Files, below};
use crate::{Io, Result, TaskError, Workload};

/// Reads a picture, a PNG file for each task, turns it to shades of grey, and encodes it again; what it returns follows
/// from every shade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grayscale {
    /// How many pixels wide and high a picture is.
    pub side: u32,
    /// Where the pictures lie; concbench makes them, and fills this in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

impl Workload for Grayscale {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let path = self.made(index)?;
        let png = io.read(&path).await;
        let png =
            png.map_err(|error| TaskError::new(format!("grayscale: cannot read a picture: {error}")))?;
        let grey = io.compute(move || through_grey(&png).map(|grey| hash(grey.as_raw()))).await;
        Ok(grey.map_err(|error| TaskError::new(format!("grayscale: {error}")))? ^ index)
    }
}

/// Decodes, converts and encodes a picture; its shades, which are read back from what was encoded.
///
/// Never inlined, so that it is the same machine code under every model.
#[inline(never)]
fn through_grey(png: &[u8]) -> image::ImageResult<GrayImage> {
    let grey = image::load_from_memory_with_format(png, ImageFormat::Png)?.into_luma8();
    let mut encoded = Cursor::new(Vec::new());
    grey.write_to(&mut encoded, ImageFormat::Png)?;
    Ok(image::load_from_memory_with_format(encoded.get_ref(), ImageFormat::Png)?.into_luma8())
}

fn hash(shades: &[u8]) -> u64 {
    shades.iter().fold(0, |hash: u64, &shade| hash.rotate_left(5).wrapping_mul(31) ^ u64::from(shade))
}

impl Grayscale {
    /// The picture of this task: a slope of colours with noise on it, so that it neither compresses to nothing nor to
    /// itself.
    fn picture(&self, index: u64) -> RgbImage {
        let mut random = SplitMix64::new(index);
        let shift = below(&mut random, 256) as u32;
        RgbImage::from_fn(self.side, self.side, |x, y| {
            let noise = below(&mut random, 16) as u32;
            Rgb([x + shift + noise, y + noise, x + y + shift].map(|value| (value % 256) as u8))
        })
    }
}

impl Files for Grayscale {
    fn stem(&self) -> String {
        format!("grayscale-{}", self.side)
    }

    fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn content(&self, index: u64) -> io::Result<Vec<u8>> {
        let mut png = Cursor::new(Vec::new());
        self.picture(index).write_to(&mut png, ImageFormat::Png).map_err(io::Error::other)?;
        Ok(png.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shade of a colour by the weights of ITU-R BT.709, in ten thousandths, without the library that tasks use.
    fn shade(colour: &Rgb<u8>) -> u32 {
        let [red, green, blue] = colour.0.map(u32::from);
        2126 * red + 7152 * green + 722 * blue
    }

    #[test]
    fn the_shades_are_those_of_the_picture_that_was_generated() {
        let pictures = Grayscale { side: 40, folder: None };
        for index in 0..4 {
            let grey = through_grey(&pictures.content(index).unwrap()).unwrap();
            for (expected, found) in pictures.picture(index).pixels().map(shade).zip(grey.pixels()) {
                // To the next whole shade, or the one below.
                assert!(expected.abs_diff(10_000 * u32::from(found.0[0])) <= 10_000, "{expected}, {found:?}");
            }
        }
    }

    #[test]
    fn pictures_differ_and_a_torn_one_is_refused() {
        let pictures = Grayscale { side: 16, folder: None };
        let (first, second) = (pictures.content(0).unwrap(), pictures.content(1).unwrap());
        assert_ne!(through_grey(&first).unwrap(), through_grey(&second).unwrap());
        assert!(through_grey(&first[..first.len() / 2]).is_err());
    }
}
