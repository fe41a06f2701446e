SELECT region, hour(cast(timestamp AS timestamp)) AS view_hour, COUNT(*) AS view_count
FROM viewership_logs
GROUP BY region, hour(cast(timestamp AS timestamp))
ORDER BY region ASC, view_count DESC;
