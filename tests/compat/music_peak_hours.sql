-- Peak listening hours
SELECT 
    group_by as hour,
    genre_listen_count as unique_listeners,
    genre_avg_duration as diversity_index
FROM public.kpi_table 
WHERE kpi_type = 'hourly'
ORDER BY unique_listeners DESC;
