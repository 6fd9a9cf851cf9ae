from tests.audit.test_service import *
from aiokafka import AIOKafkaConsumer, TopicPartition
async def test_off(office):
    await office.open_fund()
    house=office.house
    await house.publish(*(given(house, f"g-{n}", 10_000) for n in range(20)))
    await office.published(21)
    c=AIOKafkaConsumer(bootstrap_servers=house.broker.kafka_bootstrap); await c.start()
    ps=[TopicPartition("guanjia.donations.inbound",p) for p in range(6)]
    print("BEG", await c.beginning_offsets(ps)); print("END", await c.end_offsets(ps)); 
    print("STORED", [d async for d in office.audit.runtime.database["positions"].find()])
    await c.stop()
    await office.audit.stop()
    office.audit = await office.start_another()
    print("CLUSTER", await house.cluster())
    c=AIOKafkaConsumer(bootstrap_servers=house.broker.kafka_bootstrap); await c.start()
    print("BEG", await c.beginning_offsets(ps)); print("END", await c.end_offsets(ps)); 
    await c.stop()
