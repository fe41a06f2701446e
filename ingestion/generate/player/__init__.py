"""Player events: a plan of playbacks, and what follows from it twice over, the events and the truth.

`script` decides what happens in each playback (in ticks, so that every sum is exact), `layout` puts it on a clock,
`ads` fills the breaks, `world` says who watches what on which device. `events` turns that into the rows of
player_events, `measures` into the figures that a warehouse must find in them; neither looks at the other.
"""
