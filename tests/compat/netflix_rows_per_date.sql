SELECT event_date, COUNT(*) AS rows_per_date
FROM processed_netflix_events
GROUP BY event_date
ORDER BY event_date;
