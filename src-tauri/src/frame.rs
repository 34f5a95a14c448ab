//! Where the window was, and whether it can be there again. Deliberately absent: windows and files.

use serde::{Deserialize, Serialize};

/// The smallest window in logical pixels; nothing of a page is cut off in it.
pub const SMALLEST: (f64, f64) = (1024.0, 700.0);
/// How much of the title bar must be on a screen for it to be caught with the pointer, in physical pixels.
const GRIP: (i32, i32) = (120, 24);

/// A rectangle in physical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

/// What is kept between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// While the window was neither maximised nor minimised.
    pub area: Area,
    pub maximized: bool,
}

impl Area {
    fn right(&self) -> i64 {
        i64::from(self.x) + i64::from(self.width)
    }

    fn bottom(&self) -> i64 {
        i64::from(self.y) + i64::from(self.height)
    }

    /// Width and height of what two rectangles share.
    fn shared(&self, other: &Self) -> (i64, i64) {
        let width = self.right().min(other.right()) - i64::from(self.x.max(other.x));
        let height = self.bottom().min(other.bottom()) - i64::from(self.y.max(other.y));
        (width.max(0), height.max(0))
    }
}

/// The kept place if its title bar can be reached on one of the screens, no larger than that screen.
pub fn restored(kept: Area, screens: &[Area]) -> Option<Area> {
    let title = Area { height: GRIP.1.unsigned_abs(), ..kept };
    let reachable = |screen: &&Area| {
        let (width, height) = screen.shared(&title);
        width >= i64::from(GRIP.0) && height >= i64::from(GRIP.1)
    };
    let screen = screens.iter().filter(reachable).max_by_key(|screen| screen.shared(&kept).0)?;
    Some(Area { width: kept.width.min(screen.width), height: kept.height.min(screen.height), ..kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAPTOP: Area = Area { x: 0, y: 0, width: 1920, height: 1080 };
    const BESIDE: Area = Area { x: 1920, y: 0, width: 2560, height: 1440 };

    #[test]
    fn a_window_comes_back_to_the_screen_it_was_on() {
        let kept = Area { x: 2000, y: 100, width: 1200, height: 800 };
        assert_eq!(restored(kept, &[LAPTOP, BESIDE]), Some(kept));
    }

    #[test]
    fn a_screen_that_was_unplugged_takes_no_window_with_it() {
        let kept = Area { x: 2000, y: 100, width: 1200, height: 800 };
        assert_eq!(restored(kept, &[LAPTOP]), None);
        assert_eq!(restored(kept, &[]), None, "no screen is known");
    }

    #[test]
    fn a_title_bar_out_of_reach_counts_as_gone() {
        assert_eq!(restored(Area { x: 0, y: -400, width: 1200, height: 800 }, &[LAPTOP]), None, "above the screen");
        assert_eq!(
            restored(Area { x: 1850, y: 10, width: 1200, height: 800 }, &[LAPTOP]),
            None,
            "only a sliver is left"
        );
        assert_eq!(restored(Area { x: i32::MAX, y: i32::MAX, width: u32::MAX, height: 9 }, &[LAPTOP]), None);
    }

    #[test]
    fn a_window_is_never_larger_than_its_screen() {
        let kept = Area { x: 10, y: 10, width: 4000, height: 3000 };
        assert_eq!(restored(kept, &[LAPTOP]), Some(Area { x: 10, y: 10, width: 1920, height: 1080 }));
    }
}
