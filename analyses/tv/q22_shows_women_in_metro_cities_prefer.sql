with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started and engagement_score is not null

),

account as (

    select * from {{ ref('dim_account') }}

),

metro as (

    select region from {{ ref('regions') }} where is_metro

),

content as (

    select content_id, title from {{ ref('dim_content') }}

),

audience as (

    select
        playback.content_id,
        playback.engagement_score,
        case when account.gender = 'Female' and metro.region is not null then 1 else 0 end as is_woman_in_metro
    from playback
    left join account on playback.account_id = account.account_id
    left join metro on playback.region = metro.region

),

show_total as (

    select
        content_id,
        {{ count_if('is_woman_in_metro = 1') }} as plays,
        {{ count_if('is_woman_in_metro = 0') }} as other_plays,
        {{ ratio(
            sum_of('case when is_woman_in_metro = 1 then engagement_score end', 'decimal(18, 4)'), count_if('is_woman_in_metro = 1')
        ) }} as average_engagement_score,
        {{ ratio(
            sum_of('case when is_woman_in_metro = 0 then engagement_score end', 'decimal(18, 4)'), count_if('is_woman_in_metro = 0')
        ) }} as other_average_engagement_score
    from audience
    group by content_id

),

final as (

    select
        content.title,
        show_total.average_engagement_score,
        show_total.other_average_engagement_score,
        show_total.plays,
        show_total.other_plays
    from show_total
    inner join content on show_total.content_id = content.content_id
    where show_total.average_engagement_score > show_total.other_average_engagement_score

)

select * from final
order by average_engagement_score - other_average_engagement_score desc, title asc
