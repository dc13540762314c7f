//! Watches a display from outside: what was painted, and when. Neither program has to cooperate.

use std::fs;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::slice::ChunksExact;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, NotifyEvent, ReportLevel};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, Rectangle, Window};
use x11rb::rust_connection::RustConnection;

use crate::Result;

/// Bytes of a pixel; the fourth is unused.
const PIXEL: usize = 4;

/// Two pictures that differ in no more pixels count as the same: a caret may blink, a minute may pass.
const MAX_DIFFERING_PIXELS: usize = 700;

/// A connection to a display.
pub(crate) struct Screen {
    connection: RustConnection,
    root: Window,
    width: usize,
    height: usize,
}

/// A part of the display that was painted.
struct Patch {
    at: Instant,
    area: Rectangle,
    pixels: Vec<u8>,
}

/// The recorded changes of a display.
pub(crate) struct Seen {
    before: Vec<u8>,
    patches: Vec<Patch>,
    width: usize,
}

impl Screen {
    /// The display that `DISPLAY` names, watched from now on.
    pub(crate) fn watch() -> Result<Self> {
        let (connection, number) = x11rb::connect(None)?;
        let screen = &connection.setup().roots[number];
        let (root, width, height) = (
            screen.root,
            usize::from(screen.width_in_pixels),
            usize::from(screen.height_in_pixels),
        );
        connection.xfixes_query_version(5, 0)?.reply()?;
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, root, ReportLevel::RAW_RECTANGLES)?;
        connection.flush()?;
        Ok(Self {
            connection,
            root,
            width,
            height,
        })
    }

    /// Runs `act`, and watches until nothing was painted for `quiet`, or for `longest` in total.
    pub(crate) fn after<T>(
        &self,
        quiet: Duration,
        longest: Duration,
        act: impl FnOnce() -> Result<T>,
    ) -> Result<(Instant, T, Seen)> {
        let before = self.pixels(Rectangle {
            x: 0,
            y: 0,
            width: u16::try_from(self.width)?,
            height: u16::try_from(self.height)?,
        })?;
        let mut patches: Vec<Patch> = Vec::new();
        let begun = Instant::now();
        let done = act()?;
        loop {
            let now = Instant::now();
            let until = match patches.last() {
                Some(last) => (last.at + quiet).min(begun + longest),
                None => begun + longest,
            };
            if now >= until {
                break;
            }
            if let Some(area) = self.painted_within(until - now)? {
                let at = Instant::now();
                let pixels = self.pixels(area)?;
                patches.push(Patch { at, area, pixels });
            }
        }
        let seen = Seen {
            before,
            patches,
            width: self.width,
        };
        Ok((begun, done, seen))
    }

    /// The next change, all its damage events together; `None` if there was none in that time.
    fn painted_within(&self, wait: Duration) -> Result<Option<Rectangle>> {
        let mut area = None;
        loop {
            match self.connection.poll_for_event()? {
                Some(Event::DamageNotify(NotifyEvent { area: painted, .. })) => {
                    area = Some(area.map_or(painted, |area| bounding_box(area, painted)));
                }
                Some(_) => {}
                None if area.is_some() => return Ok(area),
                None => {
                    let stream = self.connection.stream().as_fd();
                    let wait = Timespec::try_from(wait)?;
                    if poll(&mut [PollFd::new(&stream, PollFlags::IN)], Some(&wait))? == 0 {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn pixels(&self, area: Rectangle) -> Result<Vec<u8>> {
        let image = self.connection.get_image(
            ImageFormat::Z_PIXMAP,
            self.root,
            area.x,
            area.y,
            area.width,
            area.height,
            u32::MAX,
        )?;
        Ok(image.reply()?.data)
    }
}

impl Seen {
    /// When the display first showed what it shows at the end, and did so from then on; `None` when
    /// nothing was painted.
    pub(crate) fn settled(&self) -> Option<Instant> {
        let mut last = self.before.clone();
        for patch in &self.patches {
            self.apply(&mut last, patch);
        }
        let mut now = self.before.clone();
        let mut differing: usize = self
            .lines(&now)
            .zip(self.lines(&last))
            .map(differing_pixels)
            .sum();
        let mut settled = None;
        for patch in &self.patches {
            differing -= self.differing_within(patch.area, &now, &last);
            self.apply(&mut now, patch);
            differing += self.differing_within(patch.area, &now, &last);
            if differing > MAX_DIFFERING_PIXELS {
                settled = None;
            } else {
                settled.get_or_insert(patch.at);
            }
        }
        settled
    }

    /// How many of an area's pixels differ from one picture to the other.
    fn differing_within(&self, area: Rectangle, one: &[u8], other: &[u8]) -> usize {
        let begin = usize_of(area.x) * PIXEL;
        let within = begin..begin + usize::from(area.width) * PIXEL;
        self.lines(one)
            .zip(self.lines(other))
            .skip(usize_of(area.y))
            .take(usize::from(area.height))
            .map(|(one, other)| differing_pixels((&one[within.clone()], &other[within.clone()])))
            .sum()
    }

    fn lines<'a>(&self, picture: &'a [u8]) -> ChunksExact<'a, u8> {
        picture.chunks_exact(self.width * PIXEL)
    }

    /// Writes what the display showed after each change into a folder, as PPM.
    pub(crate) fn write_pictures(&self, folder: &Path) -> Result<()> {
        let mut now = self.before.clone();
        for (number, patch) in self.patches.iter().enumerate() {
            self.apply(&mut now, patch);
            let height = now.len() / PIXEL / self.width;
            let mut picture = format!("P6 {} {height} 255\n", self.width).into_bytes();
            for pixel in now.chunks_exact(PIXEL) {
                // The server's pixels are blue, green, red.
                picture.extend([pixel[2], pixel[1], pixel[0]]);
            }
            fs::write(folder.join(format!("{number:03}.ppm")), picture)?;
        }
        Ok(())
    }

    fn apply(&self, picture: &mut [u8], patch: &Patch) {
        let (x, y) = (usize_of(patch.area.x), usize_of(patch.area.y));
        let row = usize::from(patch.area.width) * PIXEL;
        for (line, pixels) in patch.pixels.chunks_exact(row.max(PIXEL)).enumerate() {
            let begin = ((y + line) * self.width + x) * PIXEL;
            picture[begin..begin + row].copy_from_slice(pixels);
        }
    }
}

/// Converts a coordinate; the server reports no area outside the display.
fn usize_of(coordinate: i16) -> usize {
    usize::try_from(coordinate).unwrap_or_default()
}

/// How many pixels differ from one line to the other.
fn differing_pixels((one, other): (&[u8], &[u8])) -> usize {
    one.chunks_exact(PIXEL)
        .zip(other.chunks_exact(PIXEL))
        .filter(|(one, other)| one[..3] != other[..3])
        .count()
}

/// The smallest rectangle that contains both.
fn bounding_box(one: Rectangle, other: Rectangle) -> Rectangle {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let right =
        (i32::from(one.x) + i32::from(one.width)).max(i32::from(other.x) + i32::from(other.width));
    let bottom = (i32::from(one.y) + i32::from(one.height))
        .max(i32::from(other.y) + i32::from(other.height));
    let length = |from: i16, to: i32| u16::try_from(to - i32::from(from)).unwrap_or(u16::MAX);
    Rectangle {
        x,
        y,
        width: length(x, right),
        height: length(y, bottom),
    }
}
