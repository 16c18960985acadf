//! The index of vectors: how it is built, and how much of it a search looks at.
//!
//! Vectors are kept with few bits for each dimension, after a random rotation (RaBitQ), in partitions
//! by nearness. Estimates by these bits are off by less than the gaps between distant ranks, so twice
//! the vectors that are wanted are read whole and compared exactly. A partition is an entry of the
//! cache: an index of 100,000 vectors with 1,024 dimensions takes 40 MB and stays in it, and a search
//! looks at all of it. With a byte for each dimension it took 97 MB, and was read anew by each search.

use lance::index::vector::VectorIndexParams;
use lance_index::IndexType;
use lance_index::vector::bq::RQBuildParams;
use lance_index::vector::ivf::IvfBuildParams;
use lance_index::vector::sq::builder::SQBuildParams;
use lancedb::DistanceType;

/// Vectors in a partition, about.
const ROWS_PER_PARTITION: usize = 4_096;
/// The most partitions: with more, LanceDB trains on a prefix of the sample.
const MOST_PARTITIONS: usize = 256;
/// Bits kept of each dimension.
const BITS: u8 = 3;
/// Bytes beside the bits of a vector: its row, and five factors.
const BYTES_BESIDE: usize = 28;
/// The part of the index that a search looks at, in bytes, about: less than its cache holds.
const BYTES_PROBED: usize = 40 << 20;
/// Partitions that are looked at, at least.
const LEAST_PROBES: usize = 8;

/// The index of vectors of a dimension, in such partitions; `sample` vectors for each value of a byte
/// train the range of those that are kept as bytes.
pub(crate) fn parameters(
    partitioned: IvfBuildParams,
    sample: usize,
    dimension: usize,
) -> VectorIndexParams {
    let metric = DistanceType::Cosine.into();
    if kind(dimension) == IndexType::IvfRq {
        let rotated = RQBuildParams::new(BITS);
        return VectorIndexParams::with_ivf_rq_params(metric, partitioned, rotated);
    }
    let quantised = SQBuildParams {
        sample_rate: sample,
        ..SQBuildParams::default()
    };
    VectorIndexParams::with_ivf_sq_params(metric, partitioned, quantised)
}

/// The kind of that index. The rotation takes whole bytes of signs; models of other dimensions have
/// a byte for each dimension.
pub(crate) fn kind(dimension: usize) -> IndexType {
    if dimension.is_multiple_of(8) {
        IndexType::IvfRq
    } else {
        IndexType::IvfSq
    }
}

/// The number of partitions for so many vectors.
pub(crate) fn partitions(rows: usize) -> usize {
    (rows / ROWS_PER_PARTITION).clamp(1, MOST_PARTITIONS)
}

/// The number of partitions, those nearest to the query, that a search of so many vectors looks at.
///
/// All of 100,000 vectors with 1,024 dimensions, and a third of 770,000 with 384. An index that was
/// built before its table grew has fewer and larger partitions, so more of it is looked at.
pub(crate) fn probes(rows: usize, dimension: usize) -> usize {
    let bits = match kind(dimension) {
        IndexType::IvfRq => usize::from(BITS),
        _ => 8,
    };
    let bytes_per_row = (dimension * bits).div_ceil(8) + BYTES_BESIDE;
    let rows_probed = BYTES_PROBED / bytes_per_row;
    let share = partitions(rows).saturating_mul(rows_probed);
    share.div_ceil(rows.max(1)).max(LEAST_PROBES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_at_a_bounded_part_of_the_index() {
        for (rows, dimension, all, looked_at) in [
            (97_000, 1_024, 23, 25),
            (770_000, 384, 187, 60),
            (10_000_000, 1_024, 256, 8),
            (10_000, 384, 2, 49),
        ] {
            assert_eq!(partitions(rows), all, "{rows}");
            assert_eq!(probes(rows, dimension), looked_at, "{rows} × {dimension}");
        }
    }

    #[test]
    fn every_dimension_has_an_index() {
        assert_eq!(kind(384), IndexType::IvfRq);
        assert_eq!(kind(300), IndexType::IvfSq);
        for dimension in [384, 300] {
            let index = parameters(IvfBuildParams::new(23), 64, dimension);
            assert_eq!(index.index_type(), kind(dimension));
        }
        // By this an index of another kind is known.
        assert_ne!(kind(384).version(), kind(300).version());
        assert!(probes(97_000, 300) >= LEAST_PROBES);
    }
}
