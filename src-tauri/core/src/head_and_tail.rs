//! A bounded queue that a flood can't empty of what matters: it keeps the first items and the newest
//! ones, and drops from the middle. Ring-buffer crates drop from one end only.

use std::collections::VecDeque;

/// A queue of the first `ENDS` items and the newest `ENDS`.
#[derive(Debug)]
pub struct HeadAndTail<T, const ENDS: usize> {
    head: Vec<T>,
    tail: VecDeque<T>,
}

impl<T, const ENDS: usize> Default for HeadAndTail<T, ENDS> {
    fn default() -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
        }
    }
}

impl<T, const ENDS: usize> HeadAndTail<T, ENDS> {
    /// Adds an item. Returns whether another one was dropped to make room.
    pub fn push(&mut self, item: T) -> bool {
        if self.head.len() < ENDS {
            self.head.push(item);
            return false;
        }
        self.tail.push_back(item);
        let is_full = self.tail.len() > ENDS;
        if is_full {
            self.tail.pop_front();
        }
        is_full
    }

    /// Removes the items for which `is_kept` returns false.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        self.head.retain(&mut is_kept);
        self.tail.retain(&mut is_kept);
    }

    /// The number of items in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Whether the queue has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T, const ENDS: usize> IntoIterator for HeadAndTail<T, ENDS> {
    type Item = T;
    type IntoIter =
        std::iter::Chain<std::vec::IntoIter<T>, std::collections::vec_deque::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.head.into_iter().chain(self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_keeps_first_and_newest_items_in_order() {
        let mut queue = HeadAndTail::<_, 2>::default();
        assert!(queue.is_empty());
        let dropped: Vec<_> = (1..=6).map(|item| queue.push(item)).collect();
        assert_eq!(dropped, [false, false, false, false, true, true]);
        assert_eq!(queue.len(), 4);
        queue.retain(|item| *item != 2);
        assert_eq!(queue.into_iter().collect::<Vec<_>>(), [1, 5, 6]);
    }
}
