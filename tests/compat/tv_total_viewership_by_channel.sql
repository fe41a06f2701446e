SELECT channel_name, SUM(duration_minutes) AS total_viewership_duration
FROM viewership_logs
GROUP BY channel_name
ORDER BY total_viewership_duration DESC;
