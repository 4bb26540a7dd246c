//! Deficits by the layer that bore them.

use crate::chronicle::loss::Layer;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Added up from the beginning, and per minute.
pub fn chart(told: &Told) -> Option<Chart> {
    let layers = &told.chronicle.losses.layers;
    if layers.is_empty() {
        return None;
    }
    let lines = |make: fn(_) -> Figures<'static>| {
        let lines = Layer::BEARING.into_iter().filter_map(|layer| {
            let sums = layers.by_minute(|one| one == layer);
            let line = Line::new(layer.name(), layer_tone(layer), make(sums));
            (!line.is_empty()).then_some(line)
        });
        lines.collect::<Vec<_>>()
    };
    let (unit, grid) = (told.numeraire(), told.grid());
    let views = vec![
        View::of("added up", &unit, Kind::Areas, grid, &lines(Figures::Running)),
        View::of("as they came", &unit, Kind::Bars, grid, &lines(Figures::Sums)),
    ];
    Some(Chart {
        id: "losses",
        title: "Deficits and the layer that bore them".to_owned(),
        look: "What bankrupt accounts lacked, stacked by who paid. The order of the layers is the \
               order of the waterfall; anything uncovered is a hole in the house."
            .to_owned(),
        views,
    })
}

/// Name of a layer's colour.
pub const fn layer_tone(layer: Layer) -> &'static str {
    match layer {
        Layer::InsuranceFund => "fund",
        Layer::Deleveraging => "warn",
        Layer::Socialised => "c6",
        Layer::Deficit | Layer::Uncovered => "bad",
    }
}
