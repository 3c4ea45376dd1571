with organisations as (
    select * from {{ ref("stg_network__organisation") }}
),

-- company → district → station: an organisation is its own level and inherits those above it
final as (
    select
        own.org_no,
        own.org_name as org_name_zh,
        own.org_name_en,
        own.org_type,
        case own.org_type when 'district' then own.org_no when 'station' then parent.org_no end as district_no,
        case own.org_type when 'district' then own.org_name when 'station' then parent.org_name end as district_name_zh,
        case own.org_type when 'station' then own.org_no end as station_no,
        case own.org_type when 'station' then own.org_name end as station_name_zh,
        case own.org_type
            when 'company' then own.org_no
            when 'district' then parent.org_no
            when 'station' then parent.parent_org_no
        end as company_no
    from organisations as own
    left join organisations as parent on own.parent_org_no = parent.org_no
)

select * from final
