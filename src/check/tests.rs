//! Selection for each ecosystem, tests near a change, reports and what is known of earlier runs.

mod covering;
mod reporting;
mod selecting;
mod weakening;
