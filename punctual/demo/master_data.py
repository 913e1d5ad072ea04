"""An organisation's master data: sites, people, clocks, groups, shifts, rules, holidays, leave, consent."""

from __future__ import annotations

from punctual.demo.api import Api, Json
from punctual.demo.clock_users import enrolled_people
from punctual.demo.companies import Company, Person
from punctual.demo.scenario import Scenario

BREAK_MINUTES = 60
RULES: Json = {
    "breaks": [{"code": "lunch", "method": "deduct", "steps_minutes": [[360, BREAK_MINUTES]]}],
    "punctuality": {"late_grace_minutes": 5, "early_grace_minutes": 5},
    "overtime": {
        "tiers": [
            {"code": "HOL200", "basis": "holiday", "rate": "2"},
            {"code": "OFF150", "basis": "off_day", "rate": "1.5"},
            {"code": "OT125", "basis": "over_schedule", "rate": "1.25"},
        ],
        "minimum_minutes": 15,
    },
    "premiums": [{"code": "NIGHT", "rate": "0.25", "window": ["22:00", "06:00"], "least_minutes": 60}],
}
CONSENT = {
    "title": "Fingerprints at the clocks",
    "text": (
        "We keep a template of your finger, encrypted, to know you at the clocks and for nothing else. You may punch "
        "with a card instead, and you may take this back at any time: the template is then erased here and on all "
        "clocks."
    ),
}


async def enter_master_data(tenant: Api, company: Company, scenario: Scenario, ports: dict[str, int]) -> None:
    """Enter all of it. ``ports``: where pull clocks listen, by serial."""
    for code, name in company.sites.items():
        await tenant.add("/api/sites", {"code": code, "name": name, "zone": company.zone})
    sites = {each["code"]: each["id"] for each in await tenant.items("/api/sites")}
    for person in company.people:
        await tenant.add("/api/staff", _facts(company, person, sites))
    staff = await staff_ids(tenant)
    await _clocks(tenant, company, sites, ports)
    await _rules(tenant, company, scenario, staff)
    await tenant.add("/api/holidays", {"day": str(scenario.own_holiday), "name": company.own_holiday})
    for year in sorted({scenario.first.year, scenario.today.year}):
        await tenant.add("/api/holidays/import", {"country": company.country, "year": year})
    if not await tenant.items("/api/weekly-offs"):
        for code, weekdays in company.offs.items():
            off = {"weekdays": list(weekdays), "starts_on": str(scenario.first), "site_id": sites[code]}
            await tenant.post("/api/weekly-offs", off)
    for badge, days in scenario.leave.items():
        for day in days:
            await tenant.add("/api/leaves", {"staff_id": staff[badge], "day": str(day), "note": "Annual leave"})
    if not await tenant.items("/api/consent-texts"):
        await tenant.post("/api/consent-texts", CONSENT)
    for person in enrolled_people(company)[:-1]:
        await tenant.add(f"/api/staff/{staff[person.badge_number]}/consents", {"how": "written"})


async def staff_ids(tenant: Api) -> dict[str, str]:
    """The ids of people by badge number."""
    return {each["badge_number"]: each["id"] for each in await tenant.items("/api/staff")}


async def device_ids(tenant: Api) -> dict[str, str]:
    """The ids of clocks by serial."""
    return {each["device_serial"]: each["id"] for each in await tenant.items("/api/devices")}


def _facts(company: Company, person: Person, sites: dict[str, str]) -> Json:
    return {
        "employee_id": person.employee_id,
        "badge_number": person.badge_number,
        "name": person.name,
        "department": person.department,
        "job_title": person.job_title,
        "email": f"{person.name.lower().replace(' ', '.')}@{company.slug}.example",
        "site_id": sites[person.site],
    }


async def _clocks(tenant: Api, company: Company, sites: dict[str, str], ports: dict[str, int]) -> None:
    for role in company.clocks:
        document: Json = {
            "device_serial": role.serial,
            "name": role.name,
            "location": role.location,
            "connection": role.connection,
            "zone": company.zone,
            "site_id": sites[role.site],
        }
        if role.connection == "pull":
            document |= {"ip_address": "127.0.0.1", "port": ports[role.serial]}
        await tenant.add("/api/devices", document)
    devices = await device_ids(tenant)
    for role in company.clocks:
        await tenant.put(f"/api/devices/{devices[role.serial]}/trust", {"trust": "full"})
    serials = [role.serial for role in company.clocks]
    for group in company.groups:
        chosen = [devices[serials[index]] for index in group.clocks]
        document = {"name": group.name, "device_ids": chosen, "departments": list(group.departments)}
        await tenant.add("/api/device-groups", document)


async def _rules(tenant: Api, company: Company, scenario: Scenario, staff: dict[str, str]) -> None:
    """A shift for every department, everybody assigned from the first of the last month on, and the rules."""
    for department, shift in company.shifts.items():
        code = shift.name.upper()
        definition = {
            "start": f"{shift.start:%H:%M}",
            "end": f"{shift.end:%H:%M}",
            "before_minutes": 120,
            "after_minutes": 240,
            "unpaid_break_minutes": BREAK_MINUTES,
        }
        await tenant.add("/api/shifts", {"code": code, "name": shift.name, "definition": definition})
        people = [staff[each.badge_number] for each in company.people if each.department == department]
        assignment = {"rotation": [code], "starts_on": str(scenario.first), "weekdays": sorted(shift.weekdays)}
        await tenant.add("/api/assignments/bulk", {"staff_ids": people, **assignment})
    default = next(each for each in await tenant.items("/api/rule-sets") if each["is_default"])
    version = {"effective": str(scenario.first), "definition": RULES}
    await tenant.add(f"/api/rule-sets/{default['id']}/versions", version)
