//! A small generator whose numbers are the same on every machine, so that a seed names a sample.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        match bound as u64 {
            0 => 0,
            bound => (self.next() % bound) as usize,
        }
    }

    /// At most `count` of the items, chosen evenly, in their old order.
    pub fn sample<T>(&mut self, items: Vec<T>, count: usize) -> Vec<T> {
        let mut needed = count.min(items.len());
        let mut left = items.len();
        let mut chosen = Vec::with_capacity(needed);
        for item in items {
            if self.below(left) < needed {
                chosen.push(item);
                needed -= 1;
            }
            left -= 1;
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_names_a_sample() {
        let pick = |seed| Random::new(seed).sample((0..1000).collect::<Vec<u32>>(), 10);
        assert_eq!(pick(1), pick(1));
        assert_ne!(pick(1), pick(2));
        assert_eq!(pick(1).len(), 10);
        assert!(pick(1).is_sorted());
    }

    #[test]
    fn a_sample_of_more_than_all_is_all() {
        assert_eq!(Random::new(7).sample(vec![1, 2, 3], 9), [1, 2, 3]);
    }
}
