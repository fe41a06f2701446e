with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started and engagement_score is not null

),

woman as (

    select account_id from {{ ref('dim_account') }} where gender = 'Female'

),

metro as (

    select region from {{ ref('regions') }} where is_metro

),

content as (

    select content_id, title from {{ ref('dim_content') }}

),

show_total as (

    select
        playback.content_id,
        count(*) as engagement_score_plays,
        count(distinct playback.account_id) as unique_accounts,
        {{ ratio(sum_of('playback.engagement_score', 'decimal(18, 4)'), 'count(*)') }} as average_engagement_score
    from playback
    inner join woman on playback.account_id = woman.account_id
    inner join metro on playback.region = metro.region
    group by playback.content_id

),

ranked as (

    select
        show_total.*,
        content.title,
        row_number() over (
            order by show_total.average_engagement_score desc, show_total.engagement_score_plays desc, content.title asc
        ) as place
    from show_total
    inner join content on show_total.content_id = content.content_id

),

final as (

    select
        title,
        average_engagement_score,
        engagement_score_plays,
        unique_accounts
    from ranked
    where place = 1

)

select * from final
order by title
