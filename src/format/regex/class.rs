//! Sets of characters as sorted ranges of code points, surrogates left out.

/// A set of characters: inclusive ranges, ascending, not touching each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Class(Box<[(u32, u32)]>);

const LAST: u32 = 0x10_ffff;
const SURROGATES: (u32, u32) = (0xd800, 0xdfff);

impl Class {
    /// The characters of these ranges, in any order.
    pub fn of(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut cut: Vec<(u32, u32)> = Vec::new();
        for (low, high) in ranges {
            let high = high.min(LAST);
            if low > high {
                continue;
            }
            if low < SURROGATES.0 {
                cut.push((low, high.min(SURROGATES.0 - 1)));
            }
            if high > SURROGATES.1 {
                cut.push((low.max(SURROGATES.1 + 1), high));
            }
        }
        cut.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(cut.len());
        for (low, high) in cut {
            match joined.last_mut() {
                Some(last) if low <= next(last.1) => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        Self(joined.into())
    }

    /// Every character.
    pub fn any() -> Self {
        Self::of([(0, LAST)])
    }

    /// One character.
    pub fn one(c: char) -> Self {
        Self(Box::new([(c.into(), c.into())]))
    }

    /// The ranges.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Whether no character is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a character is in it.
    pub fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        let at = self.0.partition_point(|(_, high)| *high < code);
        self.0.get(at).is_some_and(|(low, _)| *low <= code)
    }

    /// All others.
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut from = 0;
        for &(low, high) in &*self.0 {
            if from < low {
                gaps.push((from, low - 1));
            }
            from = high + 1;
        }
        gaps.push((from, LAST));
        Self::of(gaps)
    }

    /// Those in both.
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&(al, ah)), Some(&&(bl, bh))) = (a.peek(), b.peek()) {
            let (low, high) = (al.max(bl), ah.min(bh));
            if low <= high {
                both.push((low, high));
            }
            if ah < bh {
                a.next();
            } else {
                b.next();
            }
        }
        Self(both.into())
    }

    /// Those in either.
    pub fn or(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&*other.0).copied())
    }

    /// Whether all of these are in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.and(other) == *self
    }

    /// A character that people read easily, if there is one; else the first.
    pub fn readable(&self) -> Option<char> {
        READABLE
            .iter()
            .flat_map(|(low, high)| *low..=*high)
            .find(|c| self.contains(*c))
            .or_else(|| self.0.first().and_then(|(low, _)| char::from_u32(*low)))
    }

    /// How well [`Class::readable`] reads: lower is better.
    pub fn rank(c: char) -> usize {
        READABLE
            .iter()
            .position(|(low, high)| (*low..=*high).contains(&c))
            .map_or(usize::MAX, |at| at * 0x100 + (c as usize & 0xff))
    }
}

/// What people read easily, best first.
const READABLE: [(char, char); 7] = [
    ('a', 'z'),
    ('0', '9'),
    ('A', 'Z'),
    ('-', '/'),
    ('_', '_'),
    ('!', '~'),
    (' ', ' '),
];

/// The code point after, past the surrogates.
fn next(code: u32) -> u32 {
    if code + 1 == SURROGATES.0 {
        SURROGATES.1 + 1
    } else {
        code + 1
    }
}
