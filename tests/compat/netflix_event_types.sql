SELECT event_type, COUNT(*) AS events
FROM processed_netflix_events
GROUP BY event_type
ORDER BY events DESC;
