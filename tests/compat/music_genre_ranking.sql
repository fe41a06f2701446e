-- Genre performance ranking
SELECT 
    group_by as genre,
    genre_listen_count,
    genre_popularity_index,
    top_artist
FROM public.kpi_table 
WHERE kpi_type = 'genre'
ORDER BY genre_listen_count DESC;
