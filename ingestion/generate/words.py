"""Invented names. No real broadcaster, artist or song is meant."""

from __future__ import annotations

CHANNEL_FAMILIES = (
    "Aurora", "Banyan", "Comet", "Deccan Blue", "Emberline", "Foxglove", "Gulmohar", "Harbour", "Indus", "Jasmin",
)  # fmt: skip
CHANNEL_KINDS = ("One", "News", "Sport", "Cinema", "Junior")
CHANNEL_GENRES = ("Entertainment", "News", "Sports", "Movies", "Kids")
LANGUAGES = ("Hindi", "English", "Tamil", "Telugu", "Bengali", "Marathi", "Kannada", "Malayalam")

TV_GENRES = ("Entertainment", "News", "Sports", "Movies", "Kids", "Music")
CONTENT_TYPES = ("tv_show", "movie", "documentary", "live_stream", "short_form")
RATINGS = ("U", "UA 7+", "UA 13+", "UA 16+", "A")

MUSIC_GENRES = (
    "pop", "rock", "hip-hop", "indie", "dance", "classical", "country", "jazz", "soul", "folk", "metal", "reggae",
    "ambient", "house", "latin", "blues", "punk", "opera", "k-pop", "afrobeat",
)  # fmt: skip

FIRST_NAMES = (
    "Asha", "Ben", "Carla", "Dev", "Elin", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Liam", "Mara", "Nikhil",
    "Olga", "Priya", "Quinn", "Rosa", "Sana", "Tomas", "Uma", "Vera", "Wanda", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Bose", "Castro", "Dutta", "Eriksen", "Fernandes", "Gupta", "Hansen", "Iyer", "Jansen", "Kaur", "Lopez",
    "Menon", "Novak", "O'Neill", "Patel", "Quist", "Rao", "Silva", "Tanaka", "Usman", "Vogel", "Wright", "Young",
    "Zhou",
)  # fmt: skip

# Some carry commas, quotes and accents on purpose: real catalogues do.
TRACK_FIRST = (
    "Silent", "Golden", "Broken", "Électric", "Paper", "Midnight", "Slow", "Neon", "Hollow", "Señor", "Distant",
    "Velvet",
    "\"Little\"", "Rainy", "Crimson", "Über", "Wild", "Frozen", "Lucky", "Hey, Hey,", "Empty", "Last",
)  # fmt: skip
TRACK_SECOND = (
    "River", "Streets", "Hearts", "Morning", "Signal", "Garden", "Mañana", "Dancer", "Engine", "Letters", "Tide",
    "Mirror",
    "Sky, Pt. 2", "Harbour", "Fires", "Ghost", "Summer", "Station", "Thunder", "Orchard", "Waltz", "Echo",
)  # fmt: skip
ARTIST_FIRST = (
    "The Paper",
    "Lena",
    "DJ",
    "Kid",
    "Orchestra of",
    "Saint",
    "Big",
    "Anika",
    "Los",
    "Mono",
    "North",
    "Ødegaard",
    "Blue",
    "Mc",
)
ARTIST_SECOND = (
    "Lanterns", "Moreau", "Kestrel", "Atlas", "Quartz", "Avenue", "Delgado", "Foxes", "Nine", "Marlow", "Tigers",
    "Ivory",
    "Okafor", "Bloom",
)  # fmt: skip
