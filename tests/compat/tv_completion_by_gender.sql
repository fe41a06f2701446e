SELECT d.gender, AVG(v.completion_percentage) AS avg_completion_percentage
FROM viewership_logs v
JOIN demographics d ON v.user_id = d.user_id
GROUP BY d.gender;
